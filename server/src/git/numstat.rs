//! `--numstat -z`: lines added and removed, file by file.

use super::GitError;

/// One file's counts. Paths are relative to the repository's root; what is not UTF-8 in them is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) path: String,
    /// What it was called before.
    pub(super) old_path: Option<String>,
    /// None for a binary file.
    pub(super) lines: Option<(u64, u64)>,
}

/// Reads all entries.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Counted>, GitError> {
    let mut fields = bytes.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
    let mut all = Vec::new();
    while let Some(head) = fields.next().filter(|head| !head.is_empty()) {
        let mut parts = head.splitn(3, '\t');
        let (Some(added), Some(removed), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(GitError::Malformed("numstat"));
        };
        let lines = added.parse().ok().zip(removed.parse().ok());
        let (old_path, path) = match path {
            "" => (fields.next(), fields.next().ok_or(GitError::Malformed("numstat of a rename"))?),
            path => (None, path.to_owned()),
        };
        all.push(Counted { path, old_path, lines });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_files_and_renames_are_told_apart() {
        let parsed = parse(b"1\t2\ta b\tc\0-\t-\tbin\x003\t0\t\0old\0new\0").expect("numstat");
        let counted = |path: &str, old: Option<&str>, lines| Counted {
            path: path.to_owned(),
            old_path: old.map(str::to_owned),
            lines,
        };
        let expected = [
            counted("a b\tc", None, Some((1, 2))),
            counted("bin", None, None),
            counted("new", Some("old"), Some((3, 0))),
        ];
        assert_eq!(parsed, expected);
        assert!(parse(b"nonsense\0").is_err());
    }
}
