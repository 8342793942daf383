//! `GET /workspace/git/diff/file`: what is changed in one file.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path};

use serde::Serialize;

use super::{Git, GitError, repository::Repository};
use crate::files::{Files, WorkspacePath};

/// Lines shown of one file.
const MAX_LINES: usize = 20_000;
/// Bytes shown of one file.
const MAX_BYTES: usize = 2 * 1024 * 1024;

const FORM: [&str; 2] = ["--unified=3", "--inter-hunk-context=0"];

/// The changes of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// False where nothing is changed, or nothing can be shown of it.
    pub available: bool,
    pub hunks: Vec<Hunk>,
    /// There is more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// Neighbouring changes with their surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hunk {
    /// From 1; 0 where the old file has no lines.
    pub old_start: u64,
    pub old_lines: u64,
    pub new_start: u64,
    pub new_lines: u64,
    /// Each begins with ` `, `+`, `-` or, for a missing end of line, `\`.
    pub lines: Vec<String>,
}

impl Git {
    /// Compares one file with HEAD, under the name `old_path` if it had another there. Paths are relative to the repository's root;
    /// one that is not beneath the workspace has nothing to show.
    ///
    /// # Errors
    /// Git is too slow, or says something odd.
    pub async fn file_diff(&self, path: &str, old_path: Option<&str>) -> Result<FileDiff, GitError> {
        let Some(repository) = self.repository().await? else { return Ok(FileDiff::default()) };
        let Some(inner) = repository.inner(path) else { return Ok(FileDiff::default()) };
        if !repository.has_head().await? {
            return Ok(FileDiff::default());
        }
        let inner = inner.as_path().as_os_str();
        if let Some(old) = old_path.and_then(|old| repository.inner(old)) {
            let renamed = repository.compare(FORM, &[old.as_path().as_os_str(), inner]).await?;
            if is_rename(&renamed) {
                return Ok(parse(&renamed));
            }
        }
        let known = repository.compare(FORM, &[inner]).await?;
        if !known.is_empty() {
            return Ok(parse(&known));
        }
        if repository.untracked(inner).await?.strip_suffix(b"\0") != Some(inner.as_bytes()) {
            return Ok(FileDiff::default());
        }
        let (cwd, inner) = (repository.git.cwd().to_owned(), inner.to_owned());
        let reading = tokio::task::spawn_blocking(move || read(&cwd, &inner));
        Ok(reading.await.ok().flatten().map(|text| all_new(&text)).unwrap_or_default())
    }
}

impl Repository {
    /// A path of the repository as the workspace calls it; none where it is outside, or the workspace itself.
    fn inner(&self, path: &str) -> Option<WorkspacePath> {
        let path = WorkspacePath::parse(path, &self.root).ok()?;
        let path = self.root.join(path.as_path());
        let inner = WorkspacePath::parse(path.to_str()?, self.git.cwd()).ok()?;
        (!inner.as_path().as_os_str().is_empty()).then_some(inner)
    }
}

/// At most a byte more than is shown.
fn read(cwd: &Path, inner: &OsStr) -> Option<Vec<u8>> {
    let files = Files::default().of(cwd).ok()?;
    let path = files.path(inner.to_str()?).ok()?;
    files.load(&path, MAX_BYTES + 1).ok()?.filter(|text| !text.is_empty() && !text.contains(&0))
}

/// A file of which every line is new.
fn all_new(text: &[u8]) -> FileDiff {
    let mut truncated = text.len() > MAX_BYTES;
    let text = String::from_utf8_lossy(&text[..text.len().min(MAX_BYTES)]);
    let mut lines: Vec<String> = text.split_terminator('\n').map(|line| format!("+{line}")).collect();
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES);
        truncated = true;
    }
    let new_lines = lines.len() as u64;
    if !truncated && !text.ends_with('\n') {
        lines.push("\\ No newline at end of file".to_owned());
    }
    FileDiff { available: true, hunks: vec![Hunk { new_start: 1, new_lines, lines, ..Hunk::default() }], truncated }
}

/// Whether a diff of two paths is about one file.
fn is_rename(diff: &[u8]) -> bool {
    let mut lines = diff.split(|byte| *byte == b'\n');
    lines.next().is_some_and(|line| line.starts_with(b"diff --git "))
        && lines.take_while(|line| !line.starts_with(b"@@ ")).any(|line| line.starts_with(b"rename to "))
}

/// Reads the hunks of a unified diff of one file. A binary file has none.
fn parse(bytes: &[u8]) -> FileDiff {
    let text = String::from_utf8_lossy(bytes);
    let mut hunks: Vec<Hunk> = Vec::new();
    // Lines the hunk at hand still has on either side: a line of the file may look like a header.
    let (mut old_left, mut new_left) = (0, 0);
    let (mut shown_lines, mut shown_bytes) = (0, 0);
    for line in text.split_terminator('\n') {
        if old_left == 0 && new_left == 0 && !line.starts_with('\\') {
            if let Some(hunk) = header(line) {
                (old_left, new_left) = (hunk.old_lines, hunk.new_lines);
                hunks.push(hunk);
            }
            continue;
        }
        let Some(hunk) = hunks.last_mut() else { continue };
        match line.as_bytes().first() {
            Some(b'-') => old_left = old_left.saturating_sub(1),
            Some(b'+') => new_left = new_left.saturating_sub(1),
            Some(b'\\') => {}
            Some(_) | None => {
                old_left = old_left.saturating_sub(1);
                new_left = new_left.saturating_sub(1);
            }
        }
        (shown_lines, shown_bytes) = (shown_lines + 1, shown_bytes + line.len());
        if shown_lines > MAX_LINES || shown_bytes > MAX_BYTES {
            return FileDiff { available: true, hunks, truncated: true };
        }
        hunk.lines.push(line.to_owned());
    }
    FileDiff { available: !hunks.is_empty(), hunks, truncated: false }
}

/// `@@ -1,3 +1,4 @@`; a missing count is 1.
fn header(line: &str) -> Option<Hunk> {
    let ranges = line.strip_prefix("@@ -")?;
    let (old, rest) = ranges.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let range = |text: &str| -> Option<(u64, u64)> {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    let ((old_start, old_lines), (new_start, new_lines)) = (range(old)?, range(new)?);
    Some(Hunk { old_start, old_lines, new_start, new_lines, lines: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_line_that_looks_like_a_header_is_a_line() {
        let text = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n-@@ -9,9 +9,9 @@\n-- x\n+y\n\\ No newline at end of file\n@@ -9 +8,0 @@ fn\n-z\n";
        let diff = parse(text.as_bytes());
        let lines: Vec<&[String]> = diff.hunks.iter().map(|hunk| &hunk.lines[..]).collect();
        assert_eq!(lines[0], ["-@@ -9,9 +9,9 @@", "-- x", "+y", "\\ No newline at end of file"]);
        assert_eq!(lines[1], ["-z"]);
        assert_eq!((diff.hunks[1].old_start, diff.hunks[1].new_start, diff.hunks[1].new_lines), (9, 8, 0));
    }

    #[test]
    fn a_long_diff_is_cut_and_says_so() {
        let long = format!("@@ -0,0 +1,{0} @@\n{1}", MAX_LINES + 5, "+x\n".repeat(MAX_LINES + 5));
        let diff = parse(long.as_bytes());
        assert_eq!((diff.truncated, diff.hunks[0].lines.len()), (true, MAX_LINES));
        assert!(all_new("x\n".repeat(MAX_LINES + 1).as_bytes()).truncated);
    }
}
