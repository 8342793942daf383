//! `grep_search`: lines by a regular expression.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use futures_util::future::BoxFuture;
use globset::{GlobBuilder, GlobMatcher};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, SearcherBuilder, sinks::Lossy};
use serde_json::{Value, json};

use super::{
    Access, Context, Invocation, Kind, Outcome, Tool,
    arguments::{ArgumentError, Arguments},
    blocking, output, walk,
};
use crate::workspace::Workspace;

/// Matches counted before the search stops.
const MAX_MATCHES: usize = 2000;
/// Longest line shown, in characters.
const MAX_LINE_CHARS: usize = 500;

pub(crate) struct GrepSearch;

struct Call {
    pattern: String,
    matcher: RegexMatcher,
    files: Option<GlobMatcher>,
    folder: PathBuf,
    shown: String,
    named: bool,
    limit: usize,
}

struct Found {
    file: String,
    lines: Vec<(u64, String)>,
}

impl Tool for GrepSearch {
    fn name(&self) -> &'static str {
        "grep_search"
    }

    fn display(&self) -> &'static str {
        "Grep"
    }

    fn kind(&self) -> Kind {
        Kind::Search
    }

    fn description(&self) -> &'static str {
        "Searches the files of the workspace for a regular expression, ignoring case unless it has capitals. \
         Answers matching lines by file. Ignored and binary files stay out."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "pattern": {"type": "string", "description": "Regular expression"},
                "path": {"type": "string", "description": "File or folder to search; the workspace by default"},
                "glob": {"type": "string", "description": "Only files whose path matches, such as `*.rs`"},
                "limit": {"type": "integer", "minimum": 1, "description": "How many matching lines to answer"},
            },
            "required": ["pattern"],
        })
    }

    fn parse(&self, arguments: &Value, workspace: &Workspace) -> Result<Box<dyn Invocation>, ArgumentError> {
        let arguments = Arguments::new(arguments)?;
        let pattern = arguments.filled("pattern")?.to_owned();
        let matcher = RegexMatcherBuilder::new()
            .case_smart(true)
            .build(&pattern)
            .map_err(|error| ArgumentError::Value { field: "pattern", problem: error.to_string() })?;
        let files = arguments.optional_text("glob")?.map(file_glob).transpose()?;
        let folder = arguments.folder("path", workspace)?;
        let limit = arguments.number("limit", 1)?.and_then(|limit| usize::try_from(limit).ok());
        Ok(Box::new(Call {
            pattern,
            matcher,
            files,
            shown: workspace.shown(&folder),
            named: arguments.optional_text("path")?.is_some(),
            folder,
            limit: limit.unwrap_or(MAX_MATCHES).min(MAX_MATCHES),
        }))
    }
}

/// `*.rs` means such files at any depth.
fn file_glob(pattern: &str) -> Result<GlobMatcher, ArgumentError> {
    let deep = if pattern.contains('/') { pattern.to_owned() } else { format!("**/{pattern}") };
    let glob = GlobBuilder::new(&deep).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|error| ArgumentError::Value { field: "glob", problem: error.to_string() })
}

impl Invocation for Call {
    fn describe(&self) -> String {
        format!("'{}' in {}", self.pattern, self.shown)
    }

    fn access(&self) -> Access {
        Access::Read(self.folder.clone())
    }

    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Outcome> {
        Box::pin(blocking(move || match context.workspace.locate(&self.folder) {
            Ok(place) => self.search(&place.path(), &context),
            Err(error) => Outcome::failed(error.to_string()),
        }))
    }
}

impl Call {
    fn search(&self, root: &Path, context: &Context) -> Outcome {
        if !root.exists() {
            return Outcome::failed(format!("Path not found: {}", self.folder.display()));
        }
        let mut paths: Vec<PathBuf> = walk::entries(root)
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
            .map(ignore::DirEntry::into_path)
            .filter(|path| self.files.as_ref().is_none_or(|glob| glob.is_match(inside(path, root))))
            .collect();
        paths.sort();
        let mut found = Vec::new();
        let mut count = 0;
        for path in paths {
            if context.cancel.is_cancelled() {
                return Outcome::failed(crate::history::CANCELLED);
            }
            let lines = self.matching_lines(&path, self.limit - count);
            count += lines.len();
            if !lines.is_empty() {
                let file = if path == root { self.shown.clone() } else { inside(&path, root).display().to_string() };
                found.push(Found { file, lines });
            }
            if count >= self.limit {
                break;
            }
        }
        self.report(&found, count)
    }

    /// A file that cannot be read or is binary has no matching lines.
    fn matching_lines(&self, path: &Path, room: usize) -> Vec<(u64, String)> {
        let mut lines = Vec::new();
        let sink = Lossy(|number, line| {
            lines.push((number, line.trim_end().chars().take(MAX_LINE_CHARS).collect()));
            Ok(lines.len() < room)
        });
        let mut searcher = SearcherBuilder::new().binary_detection(BinaryDetection::quit(0)).line_number(true).build();
        match searcher.search_path(&self.matcher, path, sink) {
            Ok(()) => lines,
            Err(_) => Vec::new(),
        }
    }

    fn report(&self, found: &[Found], count: usize) -> Outcome {
        let place = if self.named { format!("in {}", self.shown) } else { "in the workspace directory".to_owned() };
        let of = |count: usize| if count == 1 { "1 match".to_owned() } else { format!("{count} matches") };
        if count == 0 {
            return Outcome::text(format!("No matches found for pattern \"{}\" {place}.", self.pattern))
                .with_raw("No matches found");
        }
        let mut text = format!("Found {} for pattern \"{}\" {place}:\n---\n", of(count), self.pattern);
        for file in found {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "File: {}", file.file);
            for (number, line) in &file.lines {
                let _ = writeln!(text, "L{number}: {line}");
            }
            text.push_str("---\n");
        }
        if count >= self.limit {
            let _ = writeln!(text, "[stopped after {count} matches]");
        }
        Outcome::text(output::capped(text.trim_end().to_owned())).with_raw(format!("Found {}", of(count)))
    }
}

fn inside<'a>(path: &'a Path, root: &Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}
