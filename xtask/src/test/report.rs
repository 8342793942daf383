//! What `cargo test` prints, read line by line: how many tests passed, which ones did not, and how to run those again.

use std::{path::Path, process::ExitStatus};

/// What came of one run of `cargo test`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) passed: u64,
    pub(super) failures: Vec<Failure>,
}

/// A test that failed, or a program of tests that did not come to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// As Rust would name it: `wire::faults::a_cut_stream_goes_on`, the program first.
    pub(super) name: String,
    /// `None` for what cannot be run by itself.
    pub(super) alone: Option<Alone>,
}

/// What cargo has to be told to run one test.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Alone {
    /// `--test wire`. Without the package: for that one alone cargo would choose other features and build them first.
    pub(super) target: Vec<String>,
    /// The test's name within its program.
    pub(super) name: String,
}

/// Reads a run while it goes on.
#[derive(Debug, Default)]
pub(super) struct Reader {
    report: Report,
    program: Option<Program>,
}

/// One program of tests, or the doc tests of one crate.
#[derive(Debug, Default)]
struct Program {
    name: String,
    /// The indented lines since the last `failures:`; the last ones are the names of those that failed.
    listed: Vec<String>,
    /// How many passed and which failed, by its harness's last word; `None` until it is there.
    result: Option<(u64, Vec<String>)>,
    /// What cargo says would run it again.
    target: Option<Vec<String>>,
}

impl Reader {
    pub(super) fn line(&mut self, line: &str) {
        if let Some(name) = program_in(line) {
            self.end_program();
            self.program = Some(Program { name, ..Program::default() });
        } else if let Some(program) = &mut self.program {
            program.line(line);
        }
    }

    /// The whole run. One that ends badly has failed, whatever it said.
    pub(super) fn close(mut self, status: ExitStatus) -> Report {
        self.end_program();
        if !status.success() && self.report.failures.is_empty() {
            let name = format!("cargo test, which ended with {status} and named no test");
            self.report.failures.push(Failure { name, alone: None });
        }
        self.report
    }

    fn end_program(&mut self) {
        let Some(Program { name: program, result, target, .. }) = self.program.take() else { return };
        let Some((passed, failed)) = result else {
            let name = format!("{program}, which broke off before it was through");
            self.report.failures.push(Failure { name, alone: None });
            return;
        };
        self.report.passed += passed;
        self.report.failures.extend(failed.into_iter().map(|test| Failure {
            name: format!("{program}::{test}"),
            alone: target.clone().map(|target| Alone { target, name: test }),
        }));
    }
}

impl Program {
    fn line(&mut self, line: &str) {
        if line == "failures:" {
            self.listed.clear();
        } else if let Some(name) = line.strip_prefix("    ") {
            self.listed.push(name.to_owned());
        } else if let Some((passed, failed)) = result_in(line) {
            let mut names = self.listed.split_off(self.listed.len().saturating_sub(failed));
            names.resize_with(failed, || "a test that was not named".to_owned());
            self.result = Some((passed, names));
        } else if let Some(target) = target_in(line) {
            self.target = Some(target);
        }
    }
}

/// Reads `     Running tests/cli.rs (target/debug/deps/cli-306b37caf8761a16)` and `   Doc-tests roost_core`.
fn program_in(line: &str) -> Option<String> {
    if let Some(library) = line.strip_prefix("   Doc-tests ") {
        return Some(library.to_owned());
    }
    let (_, path) = line.strip_prefix("     Running ")?.strip_suffix(')')?.rsplit_once(" (")?;
    let (name, _hash) = Path::new(path).file_stem()?.to_str()?.rsplit_once('-')?;
    Some(name.to_owned())
}

/// Reads `test result: FAILED. 7 passed; 1 failed; …`.
fn result_in(line: &str) -> Option<(u64, usize)> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |what: &str| counts.split(';').find_map(|part| part.trim().strip_suffix(what));
    Some((count(" passed")?.parse().ok()?, count(" failed")?.parse().ok()?))
}

/// Reads ``error: test failed, to rerun pass `-p roost-tests --test cli` ``, and leaves out the package. The names of doc
/// tests hold blanks, at which cargo would take them apart: theirs is no target for a single test.
fn target_in(line: &str) -> Option<Vec<String>> {
    let (_, arguments) = line.strip_prefix("error: ")?.strip_suffix('`')?.split_once(" failed, to rerun pass `")?;
    let mut words: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    if words.first().is_some_and(|word| word == "-p") {
        words.drain(..2.min(words.len()));
    }
    (!words.iter().any(|word| word == "--doc")).then_some(words)
}

#[cfg(test)]
mod tests;
