//! How many tests passed, and which did not at once.

use std::{fmt, process::ExitCode};

/// What came of the tests, over several runs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The unstable ones among them.
    passed: u64,
    failed: Vec<String>,
    unstable: Vec<String>,
}

/// What a test that failed turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It failed again, or could not be run again.
    Failed,
    /// It passed when it was run again, with nothing beside it.
    Unstable,
}

impl Tally {
    pub(super) fn passed(passed: u64) -> Self {
        Self { passed, ..Self::default() }
    }

    pub(super) fn judge(&mut self, test: String, verdict: Verdict) {
        match verdict {
            Verdict::Failed => self.failed.push(test),
            Verdict::Unstable => {
                self.passed += 1;
                self.unstable.push(test);
            }
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.unstable.extend(other.unstable);
    }

    /// Prints the closing lines and says them as a status. Without a test that passed nothing was shown.
    pub(crate) fn close(self) -> ExitCode {
        println!("\n{self}");
        if self.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    pub(super) fn is_success(&self) -> bool {
        self.failed.is_empty() && self.passed > 0
    }
}

/// The names of the tests that need somebody's attention, then the count.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for test in &self.unstable {
            writeln!(f, "unstable: {test} failed, then passed when run again")?;
        }
        for test in &self.failed {
            writeln!(f, "failed: {test}")?;
        }
        write!(f, "{} passed, {} failed", self.passed, self.failed.len())?;
        match self.unstable.len() {
            0 => Ok(()),
            unstable => write!(f, ", {unstable} unstable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_name_what_needs_attention_beside_the_count() {
        let mut tally = Tally::passed(5);
        assert_eq!(tally.to_string(), "5 passed, 0 failed");
        tally.judge("cli::a_dash_is_read".to_owned(), Verdict::Unstable);
        let unstable = "unstable: cli::a_dash_is_read failed, then passed when run again\n";
        assert_eq!(tally.to_string(), format!("{unstable}6 passed, 0 failed, 1 unstable"));
        assert!(tally.is_success(), "what passes alone does not refuse a change");
        tally.judge("wire::stop".to_owned(), Verdict::Failed);
        assert_eq!(tally.to_string(), format!("{unstable}failed: wire::stop\n6 passed, 1 failed, 1 unstable"));
        assert!(!tally.is_success());
    }

    #[test]
    fn tallies_are_added_up_and_none_is_no_success() {
        let mut tally = Tally::default();
        assert!(!tally.is_success(), "nothing ran");
        let mut other = Tally::passed(2);
        other.judge("wire::stop".to_owned(), Verdict::Failed);
        other.judge("wire::start".to_owned(), Verdict::Unstable);
        tally.add(other.clone());
        assert_eq!(tally, other);
        tally.add(Tally::passed(4));
        assert_eq!((tally.passed, tally.failed.len(), tally.unstable.len()), (7, 1, 1));
    }
}
