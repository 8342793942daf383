//! The reviewed file: which differences are meant, and why.

use std::{fmt, fs, path::Path};

use anyhow::Context;
use serde::Deserialize;

/// One thing that is different in the answer to one case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub case: String,
    pub what: String,
}

/// In what way two answers are different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Status,
    Code,
    Missing,
    More,
    Type,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Status, Self::Code, Self::Missing, Self::More, Self::Type];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "times another status",
            Self::Code => "times another code",
            Self::Missing => "members that only the original has",
            Self::More => "members that only Roost has",
            Self::Type => "members of another type",
        })
    }
}

impl Difference {
    pub(super) fn new(case: &str, what: &str) -> Self {
        Self { case: case.to_owned(), what: what.to_owned() }
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.what {
            what if what.starts_with("status ") => Kind::Status,
            what if what.starts_with("code ") => Kind::Code,
            what if what.ends_with(" is missing") => Kind::Missing,
            what if what.ends_with(" is ours only") => Kind::More,
            _ => Kind::Type,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.case, self.what)
    }
}

/// Differences with one reason. In each pattern `*` stands for anything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    reason: String,
    cases: Vec<String>,
    whats: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Ledger(Vec<Entry>);

impl Ledger {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let entries: Vec<Entry> = serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
        for entry in &entries {
            anyhow::ensure!(entry.reason.split_whitespace().count() > 2, "{:?} has no reason", entry.cases);
        }
        Ok(Self(entries))
    }

    pub(super) fn explains(&self, difference: &Difference) -> bool {
        self.0.iter().any(|entry| {
            entry.cases.iter().any(|case| matches(case, &difference.case))
                && entry.whats.iter().any(|what| matches(what, &difference.what))
        })
    }

    /// Patterns that none of `found` needs.
    pub(super) fn stale(&self, found: &[Difference]) -> Vec<String> {
        let mut stale = Vec::new();
        for entry in &self.0 {
            let of_case =
                |case: &String| found.iter().filter(|difference| matches(case, &difference.case)).collect::<Vec<_>>();
            for case in &entry.cases {
                if !of_case(case)
                    .iter()
                    .any(|difference| entry.whats.iter().any(|what| matches(what, &difference.what)))
                {
                    stale.push(case.clone());
                }
            }
            for what in &entry.whats {
                let mut concerned = entry.cases.iter().flat_map(of_case);
                if !concerned.any(|difference| matches(what, &difference.what)) {
                    stale.push(format!("{what} in {:?}", entry.cases));
                }
            }
        }
        stale
    }
}

/// Whether `pattern` describes all of `text`.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let entry = |cases: &[&str], whats: &[&str]| Entry {
            reason: "a very good reason".to_owned(),
            cases: cases.iter().map(ToString::to_string).collect(),
            whats: whats.iter().map(ToString::to_string).collect(),
        };
        Ledger(vec![entry(&["GET /a*"], &["code * instead of x", "status 4*"]), entry(&["GET /b"], &["*"])])
    }

    #[test]
    fn a_pattern_explains_what_it_describes_and_nothing_else() {
        let ledger = ledger();
        assert!(ledger.explains(&Difference::new("GET /a: unknown", "code y instead of x")));
        assert!(!ledger.explains(&Difference::new("GET /a: unknown", "code y instead of z")));
        assert!(!ledger.explains(&Difference::new("GET /b: unknown", "status 404 instead of 400")));
        assert!(ledger.explains(&Difference::new("GET /b", "anything")));
    }

    #[test]
    fn what_explains_nothing_is_stale() {
        let found = [Difference::new("GET /a", "code y instead of x")];
        assert_eq!(ledger().stale(&found), [r#"status 4* in ["GET /a*"]"#, "GET /b", r#"* in ["GET /b"]"#]);
    }
}
