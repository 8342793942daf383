//! What the ignore files of a workspace hide.

use std::{
    ffi::OsStr,
    io::Read,
    path::{Path, PathBuf},
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};
use serde::Serialize;

use super::{Root, WorkspacePath};

/// Rules of one directory, the later over the earlier.
const FILES: [&str; 3] = [".gitignore", ".ignore", ".qwenignore"];
const EXCLUDES: &str = ".git/info/exclude";
const MAX_BYTES: u64 = 1024 * 1024;

/// How a path is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Matched {
    /// By a rule that names it.
    File,
    /// By a rule that names a directory it is in, or the directory it is.
    Directory,
}

/// What a workspace's ignore files say, read as the directories are entered.
#[derive(Debug)]
pub(super) struct IgnoreRules<'a> {
    root: &'a Root,
    /// From the workspace down to where we are.
    levels: Vec<(PathBuf, Gitignore)>,
}

impl<'a> IgnoreRules<'a> {
    pub(super) fn of(root: &'a Root) -> Self {
        Self { root, levels: Vec::new() }
    }

    /// Takes up the rules for what is in `dir`, and those of every directory above it.
    pub(super) fn enter(&mut self, dir: &Path) {
        self.levels.retain(|(level, _)| dir.starts_with(level));
        for level in levels_to(dir).skip(self.levels.len()) {
            let rules = self.load(&level);
            self.levels.push((level, rules));
        }
    }

    /// Whether a rule names this very path. Its directory must have been entered.
    pub(super) fn names(&self, path: &Path, is_dir: bool) -> bool {
        if is_dir && path.file_name() == Some(OsStr::new(".git")) {
            return true;
        }
        for (level, rules) in self.levels.iter().rev() {
            let Ok(below) = path.strip_prefix(level) else { continue };
            match rules.matched(below, is_dir) {
                Match::None => {}
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }

    /// Whether a path is ignored, by itself or with a directory above it.
    pub(super) fn matched(&mut self, path: &Path, is_dir: bool) -> Option<Matched> {
        let parent = path.parent().unwrap_or(Path::new(""));
        for dir in levels_to(parent).skip(1) {
            self.enter(dir.parent().unwrap_or(Path::new("")));
            if self.names(&dir, true) {
                return Some(Matched::Directory);
            }
        }
        self.enter(parent);
        let is_named = path.file_name().is_some() && self.names(path, is_dir);
        is_named.then_some(if is_dir { Matched::Directory } else { Matched::File })
    }

    fn load(&self, dir: &Path) -> Gitignore {
        let mut builder = GitignoreBuilder::new("");
        let excludes = dir.as_os_str().is_empty().then_some(EXCLUDES);
        for name in excludes.into_iter().chain(FILES) {
            let text = self.text(&WorkspacePath::found(dir.join(name)));
            for line in text.as_deref().unwrap_or_default().lines() {
                // A line that is not a pattern ignores nothing.
                let _ = builder.add_line(None, line);
            }
        }
        builder.build().unwrap_or_else(|_| Gitignore::empty())
    }

    fn text(&self, path: &WorkspacePath) -> Option<String> {
        let opened = self.root.open_file(path).ok()?;
        let mut bytes = Vec::new();
        opened.file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The workspace itself, then every directory on the way to `dir`.
fn levels_to(dir: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let mut levels: Vec<PathBuf> = dir.ancestors().map(Path::to_owned).collect();
    levels.reverse();
    levels.into_iter()
}
