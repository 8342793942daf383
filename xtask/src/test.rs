//! `cargo xtask test`: everything, in a real browser too, and a count at the end.

use std::{
    io::{BufRead, BufReader},
    process::{Command, ExitCode, Stdio},
};

use anyhow::Context;

use crate::{
    page, progress,
    project::{cargo, command},
    tools,
};

/// How many tests ran, over several runs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Prints the closing line and says it as a status.
    pub(crate) fn close(self) -> ExitCode {
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 && self.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

pub(crate) fn run(filter: &[String]) -> anyhow::Result<ExitCode> {
    Ok(everything(filter)?.close())
}

/// Builds what the tests start, then runs every test of every crate that runs on the host.
pub(crate) fn everything(filter: &[String]) -> anyhow::Result<Tally> {
    tools::browser()?;
    tools::npm()?;
    page::build()?;
    // The programs first: the end-to-end tests start them, and cargo does not know that.
    progress::run("build the programs", cargo().args(["build"]))?;
    progress::run("build the tests", cargo().args(["test", "--no-run"]))?;
    count(cargo().args(["test", "--no-fail-fast", "--"]).args(filter))
}

/// Core's own tests where the page runs them: on wasm32, in Node.
pub(crate) fn core_on_wasm() -> anyhow::Result<Tally> {
    tools::wasm_target()?;
    tools::wasm_bindgen()?;
    tools::node()?;
    let mut tests = cargo();
    tests.args(["test", "--package", "roost-core", "--lib", "--target", "wasm32-unknown-unknown"]);
    tests.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", command("wasm-bindgen-test-runner").get_program());
    count(&mut tests)
}

/// Runs tests, showing what they print, and adds up the results their harnesses report.
fn count(tests: &mut Command) -> anyhow::Result<Tally> {
    let mut child = tests.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let mut tally = Tally::default();
    for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let line = line?;
        println!("{line}");
        tally.add(result_in(&line).unwrap_or_default());
    }
    if !child.wait()?.success() && tally.failed == 0 {
        // A test program that crashed, or did not build, reports nothing: it still is a failure.
        tally.failed = 1;
    }
    Ok(tally)
}

/// Reads `test result: ok. 7 passed; 0 failed; …`.
fn result_in(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |what: &str| {
        let part = counts.split(';').find_map(|part| part.trim().strip_suffix(what))?;
        part.trim().parse().ok()
    };
    Some(Tally { passed: count("passed")?, failed: count("failed")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_test_programs_are_added_up_and_other_lines_are_not() {
        let result =
            "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.14s";
        assert_eq!(result_in(result), Some(Tally { passed: 5, failed: 2 }));
        assert_eq!(result_in("test 5 passed; 2 failed ... ok"), None);
        let mut tally = Tally { passed: 1, failed: 0 };
        tally.add(Tally { passed: 5, failed: 2 });
        assert_eq!(tally, Tally { passed: 6, failed: 2 });
    }
}
