//! What a turn amounted to: files changed, calls made, calls failed.

use std::collections::BTreeMap;

use crate::{
    diff,
    payload::ToolStatus,
    transcript::{Body, EntryId, ToolCall, Transcript, TurnId},
};

/// A turn in a few numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TurnSummary {
    /// By path, in alphabetical order. A file changed twice counts the lines of both changes.
    pub files: Vec<FileChange>,
    pub tool_calls: usize,
    pub failed: Vec<EntryId>,
}

/// Lines a turn added to and removed from one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    pub path: String,
    pub added: usize,
    pub removed: usize,
}

impl Transcript {
    /// Counts what a turn did. Costs a line diff per change it shows, so ask once, when the turn has ended.
    #[must_use]
    pub fn summary(&self, turn: TurnId) -> TurnSummary {
        let mut files: BTreeMap<&str, diff::Stat> = BTreeMap::new();
        let mut summary = TurnSummary::default();
        for entry in self.entries().filter(|entry| entry.turn == Some(turn)) {
            let Body::Tool(tool) = &entry.body else { continue };
            summary.tool_calls += 1;
            match tool.status {
                ToolStatus::Failed => summary.failed.push(entry.id),
                ToolStatus::Completed => count(tool, &mut files),
                ToolStatus::Pending | ToolStatus::InProgress | ToolStatus::Unknown(_) => {}
            }
        }
        let file = |(path, stat): (&str, diff::Stat)| FileChange {
            path: path.to_owned(),
            added: stat.added,
            removed: stat.removed,
        };
        summary.files = files.into_iter().map(file).collect();
        summary
    }
}

fn count<'a>(tool: &'a ToolCall, files: &mut BTreeMap<&'a str, diff::Stat>) {
    for (path, old, new) in tool.diffs() {
        let stat = diff::stat(old.unwrap_or_default(), new);
        let sum = files.entry(path).or_default();
        sum.added += stat.added;
        sum.removed += stat.removed;
    }
}
