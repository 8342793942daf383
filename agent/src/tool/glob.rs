//! `glob`: files by name, newest first.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use futures_util::future::BoxFuture;
use globset::{GlobBuilder, GlobMatcher};
use serde_json::{Value, json};

use super::{
    Access, Context, Invocation, Kind, Outcome, Tool,
    arguments::{ArgumentError, Arguments},
    blocking, walk,
};
use crate::workspace::Workspace;

/// Paths answered at most.
const MAX_PATHS: usize = 100;

pub(crate) struct Glob;

struct Call {
    pattern: String,
    matcher: GlobMatcher,
    folder: PathBuf,
    /// The folder when the model named one.
    shown: Option<String>,
}

impl Tool for Glob {
    fn name(&self) -> &'static str {
        "glob"
    }

    fn display(&self) -> &'static str {
        "Glob"
    }

    fn kind(&self) -> Kind {
        Kind::Search
    }

    fn description(&self) -> &'static str {
        "Finds files of the workspace by a glob pattern such as `src/**/*.rs`, newest first. Ignored files stay out."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "pattern": {"type": "string", "description": "Glob pattern, relative to the folder"},
                "path": {"type": "string", "description": "Folder to search; the workspace by default"},
            },
            "required": ["pattern"],
        })
    }

    fn parse(&self, arguments: &Value, workspace: &Workspace) -> Result<Box<dyn Invocation>, ArgumentError> {
        let arguments = Arguments::new(arguments)?;
        let pattern = arguments.filled("pattern")?.to_owned();
        let folder = arguments.folder("path", workspace)?;
        let shown = arguments.optional_text("path")?.map(|_| workspace.shown(&folder));
        let inside = Path::new(&pattern).strip_prefix(&folder).ok().and_then(Path::to_str).unwrap_or(&pattern);
        let matcher = GlobBuilder::new(inside)
            .literal_separator(true)
            .build()
            .map_err(|error| ArgumentError::Value { field: "pattern", problem: error.to_string() })?
            .compile_matcher();
        Ok(Box::new(Call { pattern, matcher, folder, shown }))
    }
}

impl Invocation for Call {
    fn describe(&self) -> String {
        match &self.shown {
            Some(folder) => format!("'{}' in {folder}", self.pattern),
            None => format!("'{}'", self.pattern),
        }
    }

    fn access(&self) -> Access {
        Access::Read(self.folder.clone())
    }

    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Outcome> {
        Box::pin(blocking(move || match context.workspace.locate(&self.folder) {
            Ok(place) => self.find(&place.path(), &context),
            Err(error) => Outcome::failed(error.to_string()),
        }))
    }
}

impl Call {
    fn find(&self, folder: &Path, context: &Context) -> Outcome {
        let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in walk::entries(folder).filter_map(Result::ok) {
            if context.cancel.is_cancelled() {
                return Outcome::failed(crate::history::CANCELLED);
            }
            let inside = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            if entry.file_type().is_some_and(|kind| kind.is_file()) && self.matcher.is_match(inside) {
                let modified = entry.metadata().ok().and_then(|meta| meta.modified().ok());
                found.push((modified.unwrap_or(SystemTime::UNIX_EPOCH), entry.into_path()));
            }
        }
        found.sort_by(|(a_time, a), (b_time, b)| b_time.cmp(a_time).then_with(|| a.cmp(b)));
        self.report(&found)
    }

    fn report(&self, found: &[(SystemTime, PathBuf)]) -> Outcome {
        let place = match &self.shown {
            Some(folder) => format!("in {folder}"),
            None => "in the workspace directory".to_owned(),
        };
        if found.is_empty() {
            return Outcome::text(format!("No files found matching \"{}\" {place}", self.pattern))
                .with_raw("No files found");
        }
        let mut text = format!(
            "Found {} file(s) matching \"{}\" {place}, sorted by modification time (newest first):\n---",
            found.len(),
            self.pattern
        );
        for (_, path) in found.iter().take(MAX_PATHS) {
            text.push('\n');
            text.push_str(&path.display().to_string());
        }
        if found.len() > MAX_PATHS {
            text.push_str(&format!("\n---\n[{} more left out]", found.len() - MAX_PATHS));
        }
        Outcome::text(text).with_raw(format!("Found {} matching file(s)", found.len()))
    }
}
