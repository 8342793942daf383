//! Files by pattern.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use globset::{GlobBuilder, GlobMatcher};
use serde::Serialize;

use super::{EntryKind, Refusal, WorkspaceFiles, WorkspacePath, ignore_rules::IgnoreRules, list};

/// Most matches that may be asked for.
pub const MAX_MATCHES: usize = 50_000;
/// Names looked at in one search; after them it ends as if it had found enough.
const MAX_VISITED: usize = 1_000_000;
const MAX_PATTERN_BYTES: usize = 4_096;
const META: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// What to look for, and where.
#[derive(Debug, Clone)]
pub struct GlobWish {
    pub pattern: String,
    /// As the client wrote it.
    pub cwd: Option<String>,
    pub max_results: usize,
    pub include_ignored: bool,
}

/// The answer of `GET /glob`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", rename = "glob")]
pub struct Globbed {
    pattern: String,
    cwd: String,
    /// Relative to the workspace.
    matches: Vec<String>,
    count: usize,
    truncated: bool,
    duration_ms: u64,
}

impl WorkspaceFiles {
    /// Finds files and directories by a pattern. Symlinks are followed in `cwd` and in what the pattern begins with before its
    /// first wildcard, not by wildcards.
    ///
    /// # Errors
    /// The pattern is malformed or leaves the workspace, or `cwd` is not a directory.
    pub fn glob(&self, wish: GlobWish) -> Result<Globbed, Refusal> {
        let started = Instant::now();
        let cwd = self.path(wish.cwd.as_deref().unwrap_or(""))?;
        let (prefix, rest) = split(&wish.pattern)?;
        let matcher = compile(&rest)?;
        self.root.open_dir(&cwd)?;
        let mut search = Search {
            files: self,
            rules: IgnoreRules::of(&self.root),
            matcher,
            reach: (!rest.contains("**")).then(|| rest.split('/').count()),
            wish: &wish,
            matches: Vec::new(),
            visited: 0,
            truncated: false,
        };
        match self.root.open_dir(&cwd.join(prefix)) {
            Ok((_, base)) => search.run(&base),
            // Nothing is beneath what is not there; an escape is still refused.
            Err(Refusal::NotFound(_) | Refusal::NotADirectory(_)) => {}
            Err(refusal) => return Err(refusal),
        }
        let Search { matches, truncated, .. } = search;
        Ok(Globbed {
            count: matches.len(),
            matches,
            truncated,
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            cwd: wish.cwd.unwrap_or_default(),
            pattern: wish.pattern,
        })
    }
}

#[derive(Debug)]
struct Search<'a> {
    files: &'a WorkspaceFiles,
    rules: IgnoreRules<'a>,
    matcher: GlobMatcher,
    /// How many components a match can have.
    reach: Option<usize>,
    wish: &'a GlobWish,
    matches: Vec<String>,
    visited: usize,
    truncated: bool,
}

impl Search<'_> {
    fn run(&mut self, base: &WorkspacePath) {
        if !self.wish.include_ignored && self.rules.matched(base.as_path(), true).is_some() {
            return;
        }
        // Directories yet to visit, the next one last.
        let mut pending = vec![base.clone()];
        while let Some(dir) = pending.pop() {
            if self.truncated {
                return;
            }
            let found = self.visit(base.as_path(), &dir);
            pending.extend(found.into_iter().rev());
        }
    }

    /// Takes what matches in one directory, and tells the directories in it that are worth a visit.
    fn visit(&mut self, base: &Path, dir: &WorkspacePath) -> Vec<WorkspacePath> {
        let mut names = Vec::new();
        // Gone, or closed to us: a search tells what it can see.
        let Ok((open, found)) = self.files.root.open_dir(dir) else { return Vec::new() };
        // Swapped for a symlink since its name was read.
        if found != *dir || list::for_each(&open, |name, kind| names.push((name, kind))).is_err() {
            return Vec::new();
        }
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        self.rules.enter(dir.as_path());
        let mut deeper = Vec::new();
        for (name, kind) in names {
            self.visited += 1;
            let path = dir.join(name);
            let is_dir = kind == EntryKind::Directory;
            if !self.wish.include_ignored && self.rules.names(path.as_path(), is_dir) {
                continue;
            }
            let below = path.as_path().strip_prefix(base).unwrap_or(path.as_path());
            if self.matcher.is_match(below) {
                if self.matches.len() == self.wish.max_results {
                    self.truncated = true;
                    return Vec::new();
                }
                self.matches.push(path.shown());
            }
            if is_dir && self.reach.is_none_or(|reach| below.components().count() < reach) {
                deeper.push(path);
            }
        }
        self.truncated |= self.visited >= MAX_VISITED;
        deeper
    }
}

/// The leading components without wildcards, never all of them, and the rest.
fn split(pattern: &str) -> Result<(PathBuf, String), Refusal> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(Refusal::malformed(format!("`pattern` must be of at most {MAX_PATTERN_BYTES} bytes")));
    }
    if pattern.contains('\0') {
        return Err(Refusal::malformed("`pattern` must not contain NUL"));
    }
    if pattern.starts_with('/') {
        return Err(Refusal::malformed(format!("glob pattern must be relative to the workspace: {pattern}")));
    }
    let components: Vec<&str> = pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if components.contains(&"..") {
        return Err(Refusal::malformed(format!("glob pattern may not contain '..' segments: {pattern}")));
    }
    let literal = components.iter().take_while(|part| !part.contains(META)).count();
    let (prefix, rest) = components.split_at(literal.min(components.len().saturating_sub(1)));
    Ok((prefix.iter().collect(), rest.join("/")))
}

fn compile(pattern: &str) -> Result<GlobMatcher, Refusal> {
    let mut builder = GlobBuilder::new(pattern);
    let glob = builder.literal_separator(true).backslash_escape(true).allow_unclosed_class(true).build();
    let glob = glob.map_err(|error| Refusal::malformed(format!("glob pattern is invalid: {error}")))?;
    Ok(glob.compile_matcher())
}
