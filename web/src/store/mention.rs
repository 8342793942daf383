//! `@` in the composer: the files of the workspace, by the letters of their paths.

use std::{ops::Range, sync::Arc};

use crate::leptos::{prelude::*, task::spawn_local};
use roost_core::{client::routes, slash::Match};

use super::Store;

/// Most files that are known by name.
const MOST_FILES: u32 = 20_000;
/// Most rows that are shown.
const MOST_ROWS: usize = 12;

/// The list of files as it stands open.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MentionView {
    pub(crate) rows: Arc<Vec<FileRow>>,
    pub(crate) chosen: usize,
    /// What a choice replaces in the text, in bytes: the `@` and what follows it.
    replace: Range<usize>,
}

/// A file, with what the letters matched in its path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FileRow {
    pub(crate) path: String,
    pub(crate) marks: Vec<Range<usize>>,
}

/// The word with an `@` in front that ends at the caret.
fn mention_at(text: &str, caret: usize) -> Option<Range<usize>> {
    let before = text.get(..caret)?;
    let start = before.rfind(|c: char| c.is_whitespace()).map_or(0, |at| at + 1);
    let start = (start..=before.len()).find(|at| before.is_char_boundary(*at))?;
    before[start..].starts_with('@').then_some(start..caret)
}

fn ranked(files: &[String], query: &str) -> Vec<FileRow> {
    let mut best: Vec<(u32, usize, FileRow)> = Vec::new();
    for path in files {
        let Some((class, marks)) = answer(path, query) else { continue };
        let row = (class, path.len());
        let at = best.partition_point(|(class, length, _)| (*class, *length) <= row);
        if at < MOST_ROWS {
            best.truncate(MOST_ROWS - 1);
            best.insert(at, (row.0, row.1, FileRow { path: path.clone(), marks }));
        }
    }
    best.into_iter().map(|(_, _, row)| row).collect()
}

/// How well a path answers a query, best 0, and what matched: by its last part, else by the whole. Without a query the files on top
/// come first.
fn answer(path: &str, query: &str) -> Option<(u32, Vec<Range<usize>>)> {
    if query.is_empty() {
        return Some((path.matches('/').count() as u32, Vec::new()));
    }
    let name_at = path.trim_end_matches('/').rfind('/').map_or(0, |at| at + 1);
    let in_name = Match::of(query, &path[name_at..], &[], "").map(|hit| {
        let moved = hit.marks.iter().map(|mark| mark.start + name_at..mark.end + name_at).collect();
        (hit.class as u32, moved)
    });
    in_name.or_else(|| Match::of(query, path, &[], "").map(|hit| (hit.class as u32 + 1, hit.marks)))
}

impl Store {
    /// Opens, moves on or closes the list, after the text or the caret has changed.
    pub(super) fn open_mention(self, text: &str, caret: usize) {
        let word =
            mention_at(text, caret).filter(|_| self.daemon.with_untracked(|daemon| daemon.has("workspace_file_read")));
        let Some(replace) = word else { return self.composer.mention.set_if_new(None) };
        let Some(files) = self.files.get_untracked() else { return self.read_files() };
        let rows = ranked(&files, &text[replace.start + 1..replace.end]);
        let view = (!rows.is_empty()).then(|| MentionView { rows: Arc::new(rows), chosen: 0, replace });
        self.composer.mention.set_if_new(view);
    }

    /// Reads what files there are, then opens the list for what stands in the composer by then.
    fn read_files(self) {
        let workspace = self.here().map_or_else(|| untrack(|| self.workspace()), |here| self.workspace_of(&here));
        // Asked once, also when the next letter comes before the answer.
        self.files.set(Some(Arc::default()));
        spawn_local(async move {
            if let Ok(found) = self.ask(routes::glob(&workspace, "**/*", MOST_FILES)).await {
                self.files.set(Some(Arc::new(found.matches)));
                self.look_at_caret();
            }
        });
    }

    /// The files may be others by the next time.
    pub(super) fn forget_files(self) {
        self.files.set(None);
        self.composer.mention.set_if_new(None);
    }

    pub(crate) fn move_mention(self, by: isize) {
        self.composer.mention.update(|view| {
            if let Some(view) = view {
                let count = view.rows.len() as isize;
                view.chosen = (view.chosen as isize + by).rem_euclid(count.max(1)) as usize;
            }
        });
    }

    pub(crate) fn close_mention(self) {
        self.forget_files();
    }

    /// Writes the path of a row into the text.
    pub(crate) fn take_mention(self, nth: Option<usize>) {
        let Some(view) = self.composer.mention.get_untracked() else { return };
        let Some(row) = view.rows.get(nth.unwrap_or(view.chosen)) else { return };
        let text = self.composer.text();
        let (Some(before), Some(after)) = (text.get(..view.replace.start), text.get(view.replace.end..)) else {
            return;
        };
        let path = if row.path.contains(char::is_whitespace) { format!("\"{}\"", row.path) } else { row.path.clone() };
        let head = format!("{before}@{path} ");
        let caret = head.len();
        self.forget_files();
        self.composer.put_at(&(head + after.trim_start()), caret);
        self.keep_draft_soon();
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_mention_is_the_word_at_the_caret() {
        assert_eq!(mention_at("see @src/ma and", 11), Some(4..11));
        assert_eq!(mention_at("@", 1), Some(0..1));
        assert_eq!(mention_at("mail me@example.test", 20), None);
        assert_eq!(mention_at("é @é", 6), Some(3..6));
        assert_eq!(mention_at("@a b", 4), None);
    }

    #[test]
    fn a_file_is_found_by_its_name_before_its_folder() {
        let files = ["docs/main/notes.md", "src/main.rs", "a/b/domain.rs"].map(str::to_owned);
        let paths: Vec<String> = ranked(&files, "main").into_iter().map(|row| row.path).collect();
        assert_eq!(paths[0], "src/main.rs");
        assert_eq!(paths.len(), 3);
    }

    #[test]
    fn marks_stand_in_the_whole_path() {
        let rows = ranked(&["src/main.rs".to_owned()], "main");
        let marks = rows[0].marks.as_slice();
        assert!(matches!(marks, [mark] if *mark == (4..8)), "{marks:?}");
    }
}
