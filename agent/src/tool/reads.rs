//! What the model has read: an edit is refused on a file it has not seen in its present state.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Fingerprints of the files a session has read or written, by resolved path.
#[derive(Debug, Default)]
pub(crate) struct ReadLog(Mutex<HashMap<PathBuf, u64>>);

/// How a file stands to what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    NeverRead,
    Changed,
    Fresh,
}

impl ReadLog {
    /// The model has seen `path` as `bytes`.
    pub(crate) fn saw(&self, path: &Path, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), fingerprint(bytes));
    }

    pub(crate) fn freshness(&self, path: &Path, bytes: &[u8]) -> Freshness {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            None => Freshness::NeverRead,
            Some(seen) if *seen == fingerprint(bytes) => Freshness::Fresh,
            Some(_) => Freshness::Changed,
        }
    }
}

fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
