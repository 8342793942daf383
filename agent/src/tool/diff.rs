//! A change of one file, as the wire shows it.

use std::{fmt::Write, path::Path};

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// Old and new content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) old: String,
    pub(crate) new: String,
}

#[derive(Default)]
struct Stat {
    added_lines: u64,
    removed_lines: u64,
    added_chars: usize,
    removed_chars: usize,
}

impl Change {
    /// ACP diff content.
    pub(crate) fn content(&self, path: &Path) -> Value {
        json!({"type": "diff", "path": path, "oldText": self.old, "newText": self.new})
    }

    /// `rawOutput` of a file change, and how many lines came and went. `labels` name the two sides.
    pub(crate) fn raw(&self, path: &Path, labels: [&str; 2]) -> (Value, u64, u64) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let diff = TextDiff::from_lines(self.old.as_str(), self.new.as_str());
        let stat = stat(&diff);
        let raw = json!({
            "fileDiff": unified(&diff, &name, labels),
            "fileName": name,
            "filePath": path,
            "originalContent": self.old,
            "newContent": self.new,
            "diffStat": {
                "model_added_lines": stat.added_lines, "model_removed_lines": stat.removed_lines,
                "model_added_chars": stat.added_chars, "model_removed_chars": stat.removed_chars,
                "user_added_lines": 0, "user_removed_lines": 0, "user_added_chars": 0, "user_removed_chars": 0,
            },
        });
        (raw, stat.added_lines, stat.removed_lines)
    }
}

fn stat(diff: &TextDiff<'_, '_, str>) -> Stat {
    let mut stat = Stat::default();
    for change in diff.iter_all_changes() {
        let chars = change.value().trim_end_matches(['\n', '\r']).chars().count();
        match change.tag() {
            ChangeTag::Insert => {
                stat.added_lines += 1;
                stat.added_chars += chars;
            }
            ChangeTag::Delete => {
                stat.removed_lines += 1;
                stat.removed_chars += chars;
            }
            ChangeTag::Equal => {}
        }
    }
    stat
}

fn unified(diff: &TextDiff<'_, '_, str>, name: &str, [old, new]: [&str; 2]) -> String {
    let mut text = format!("Index: {name}\n{}\n--- {name}\t{old}\n+++ {name}\t{new}\n", "=".repeat(67));
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{hunk}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_as_a_unified_diff_with_figures() {
        let change = Change { old: "one\ntwo\nthree\n".into(), new: "one\n2\nthree\n".into() };
        let (raw, added, removed) = change.raw(Path::new("/w/rec.txt"), ["Current", "Proposed"]);
        let expected = format!(
            "Index: rec.txt\n{}\n--- rec.txt\tCurrent\n+++ rec.txt\tProposed\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n",
            "=".repeat(67)
        );
        assert_eq!(raw["fileDiff"], expected);
        assert_eq!((added, removed), (1, 1));
        assert_eq!(raw["diffStat"]["model_added_chars"], 1);
        assert_eq!(raw["diffStat"]["model_removed_chars"], 3);
    }

    #[test]
    fn a_new_file_starts_from_nothing() {
        let change = Change { old: String::new(), new: "one\ntwo\nthree\n".into() };
        let (raw, added, removed) = change.raw(Path::new("/w/rec.txt"), ["Original", "Written"]);
        assert!(raw["fileDiff"].as_str().expect("text").ends_with("@@ -0,0 +1,3 @@\n+one\n+two\n+three\n"));
        assert_eq!((added, removed), (3, 0));
        assert_eq!(raw["diffStat"]["model_added_chars"], 11);
    }
}
