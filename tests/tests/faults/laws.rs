//! The laws, checked on what a run has seen.

mod promises;
mod story;
mod stream;
#[cfg(test)]
mod tests;

use crate::history::Record;

/// Every broken law, in words.
pub(crate) fn check(record: &Record) -> Vec<String> {
    let mut found = Vec::new();
    stream::check(record, &mut found);
    promises::check(record, &mut found);
    story::check(record, &mut found);
    found
}
