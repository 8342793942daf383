//! How the file of an artifact looked when it was declared, and whether it still does.

use serde_json::{Value, json};

use super::{Artifact, Status};

/// What a look at its file found.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// Nobody has looked, or there is no file to look at.
    None,
    Missing,
    Found(Fingerprint),
}

/// How a file looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Fingerprint {
    pub size_bytes: u64,
    /// Since 1970.
    pub modified_ms: f64,
    /// Of its bytes, in hexadecimal; None where nobody has read them.
    pub sha256: Option<String>,
}

/// Under these keys of `metadata` a file's [`Fingerprint`] is kept; clients write none of them.
const SIZE: &str = "qwen.workspace.sizeBytes";
const MODIFIED: &str = "qwen.workspace.mtimeMs";
const SHA256: &str = "qwen.workspace.sha256";
/// What no client says either: it is for publishers the daemon does not have.
const PUBLISHED: &str = "qwen.published.sha256";

pub(super) fn is_reserved(key: &str) -> bool {
    matches!(key, SIZE | MODIFIED | SHA256 | PUBLISHED)
}

impl Artifact {
    /// Takes note of how its file looks as it is declared.
    pub fn declare(&mut self, look: &Look) {
        match look {
            Look::None => {}
            Look::Missing => self.miss(),
            Look::Found(found) => {
                self.status = Status::Available;
                self.size_bytes = Some(found.size_bytes);
                self.metadata.insert(SIZE.to_owned(), json!(found.size_bytes));
                self.metadata.insert(MODIFIED.to_owned(), json!(found.modified_ms));
                match &found.sha256 {
                    Some(sha256) => drop(self.metadata.insert(SHA256.to_owned(), json!(sha256))),
                    None => drop(self.metadata.shift_remove(SHA256)),
                }
            }
        }
    }

    /// Holds how its file looks now against how it looked when it was declared.
    pub fn compare(&mut self, look: &Look) {
        match look {
            Look::None => {}
            Look::Missing => self.miss(),
            Look::Found(now) => {
                self.status = if self.is_as_declared(now) { Status::Available } else { Status::Changed };
                self.size_bytes = Some(now.size_bytes);
            }
        }
    }

    fn miss(&mut self) {
        self.status = Status::Missing;
        self.size_bytes = None;
    }

    /// A file of another size is another one; one that was only written again is the same if its bytes are.
    fn is_as_declared(&self, now: &Fingerprint) -> bool {
        if self.metadata.get(SIZE).is_none() {
            return true;
        }
        let declared = self.metadata.get(SHA256).and_then(Value::as_str);
        let has_its_bytes = now.sha256.is_some() && now.sha256.as_deref() == declared;
        self.has_its_size(now) && (self.is_unwritten(now) || has_its_bytes)
    }

    /// Whether only its bytes tell if a file is as it was declared.
    #[must_use]
    pub fn is_told_by_bytes(&self, now: &Fingerprint) -> bool {
        self.has_its_size(now) && !self.is_unwritten(now)
    }

    fn has_its_size(&self, now: &Fingerprint) -> bool {
        self.metadata.get(SIZE).and_then(Value::as_u64) == Some(now.size_bytes)
    }

    fn is_unwritten(&self, now: &Fingerprint) -> bool {
        // Reading a number back may cost its last digit.
        let is_same = |before: f64| (before - now.modified_ms).abs() < 0.001;
        self.metadata.get(MODIFIED).and_then(Value::as_f64).is_some_and(is_same)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::artifact::tests::file;

    fn found(size_bytes: u64, modified_ms: f64, sha256: &str) -> Look {
        Look::Found(Fingerprint { size_bytes, modified_ms, sha256: Some(sha256.to_owned()) })
    }

    #[test]
    fn a_file_is_as_declared_until_its_size_or_its_bytes_are_others() {
        let mut artifact = file("a.txt");
        artifact.declare(&found(3, 1.5, "aa"));
        let declared = artifact.metadata.clone();
        let mut status_of = |look: &Look| {
            artifact.compare(look);
            assert_eq!(artifact.metadata, declared, "a look changes nothing that was declared");
            artifact.status
        };
        assert_eq!(status_of(&found(3, 1.5, "aa")), Status::Available);
        assert_eq!(status_of(&found(4, 1.5, "aa")), Status::Changed);
        assert_eq!(status_of(&found(3, 9.0, "aa")), Status::Available, "written again with the same bytes");
        assert_eq!(status_of(&found(3, 9.0, "bb")), Status::Changed);
        assert_eq!(status_of(&Look::Missing), Status::Missing);
        let unread = Fingerprint { size_bytes: 3, modified_ms: 9.0, sha256: None };
        assert_eq!(status_of(&Look::Found(unread)), Status::Changed, "its bytes are not known to be the same");
        let told_by_bytes =
            |size_bytes, modified_ms| artifact.is_told_by_bytes(&Fingerprint { size_bytes, modified_ms, sha256: None });
        assert!(told_by_bytes(3, 9.0) && !told_by_bytes(3, 1.5) && !told_by_bytes(4, 9.0));
    }
}
