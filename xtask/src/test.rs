//! `cargo xtask test`: everything, in a real browser too, what failed once more by itself, and a count at the end.

mod report;
mod tally;

use std::{
    io::{self, BufRead, BufReader, PipeReader, Write},
    process::{Command, ExitCode, ExitStatus},
    thread,
};

use anyhow::Context;

pub(crate) use self::tally::Tally;
use self::{
    report::{Failure, Report},
    tally::Verdict,
};
use crate::{
    page, progress,
    project::{WASM, cargo, command},
    tools,
};

/// So many failures are no accident any more; running every one again would only take its time.
const MOST_RUN_AGAIN: usize = 20;

/// Ends what is read from a command, see [`run_and_read`]. No test prints it by accident.
const END: &[u8] = b"\x04roost xtask: the tests have ended\x04";

pub(crate) fn run(filter: &[String]) -> anyhow::Result<ExitCode> {
    Ok(everything(filter)?.close())
}

/// Builds what the tests start, then runs every test of every crate, where it is at home. What fails on the host is run once more.
pub(crate) fn everything(filter: &[String]) -> anyhow::Result<Tally> {
    tools::browser()?;
    tools::npm()?;
    page::build()?;
    let mut tally = on_wasm(filter)?;
    // The programs first: the end-to-end tests start them, and cargo does not know that.
    progress::run("build the programs", cargo().args(["build"]))?;
    progress::run("build the tests", cargo().args(["test", "--no-run"]))?;
    let mut tests = cargo();
    tests.args(["test", "--no-fail-fast", "--"]).args(filter);
    tally.add(settle(run_and_read(tests)?, run_again)?);
    Ok(tally)
}

/// Core's own tests and the page's, where the page runs them: on wasm32, in Node. Nothing runs beside them, so nothing is run again.
fn on_wasm(filter: &[String]) -> anyhow::Result<Tally> {
    tools::wasm_target()?;
    tools::wasm_bindgen()?;
    tools::node()?;
    let mut tests = cargo();
    tests.args(["test", "--no-fail-fast", "--package", "roost-core", "--lib", "--package", "roost-web", "--bins"]);
    tests.args(["--target", WASM, "--"]).args(filter);
    tests.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", command("wasm-bindgen-test-runner").get_program());
    settle(run_and_read(tests)?, |_| Ok(false))
}

/// Gives every failed test its second chance, if they are few, and says what came of all.
///
/// `run_again` runs one test alone and says whether it passed.
fn settle(report: Report, mut run_again: impl FnMut(&Failure) -> anyhow::Result<bool>) -> anyhow::Result<Tally> {
    let mut tally = Tally::passed(report.passed);
    let few = report.failures.len() <= MOST_RUN_AGAIN;
    for failure in report.failures {
        let passes_alone = few && run_again(&failure)?;
        tally.judge(failure.name, if passes_alone { Verdict::Unstable } else { Verdict::Failed });
    }
    Ok(tally)
}

/// Runs one failed test alone: only its program, and in that only the test.
fn run_again(failure: &Failure) -> anyhow::Result<bool> {
    let Some(test) = &failure.alone else { return Ok(false) };
    println!("\nonce more, alone: {}", failure.name);
    let mut tests = cargo();
    tests.arg("test").args(&test.target).args(["--", "--exact", &test.name]);
    let report = run_and_read(tests)?;
    Ok(report.failures.is_empty() && report.passed > 0)
}

/// Runs tests to their end and reads what they print, while showing it.
///
/// Both streams go through one pipe: cargo names the program on one before the program itself speaks on the other.
fn run_and_read(mut tests: Command) -> anyhow::Result<Report> {
    // In colours there would be nothing to recognise.
    tests.env("CARGO_TERM_COLOR", "never");
    let (output, mut input) = io::pipe().context("cannot make a pipe")?;
    let mut child =
        tests.stdout(input.try_clone()?).stderr(input.try_clone()?).spawn().context("cannot start cargo")?;
    // Some test may leave a process behind that holds the pipe open, so its end says nothing.
    let ended = thread::spawn(move || -> io::Result<ExitStatus> {
        let status = child.wait()?;
        input.write_all(&[b"\n", END, b"\n"].concat())?;
        Ok(status)
    });
    let report = read(output)?;
    let status = ended.join().map_err(|_| anyhow::anyhow!("waiting for cargo broke off"))??;
    Ok(report.close(status))
}

fn read(output: PipeReader) -> io::Result<report::Reader> {
    let mut report = report::Reader::default();
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 && line.trim_ascii_end() != END {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        report.line(text.trim_end());
        line.clear();
    }
    Ok(report)
}

#[cfg(test)]
mod tests;
