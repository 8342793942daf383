//! `list_directory`: one folder, folders first.

use std::{
    fs,
    path::{Path, PathBuf},
};

use futures_util::future::BoxFuture;
use globset::{Glob, GlobSet, GlobSetBuilder};
use serde_json::{Value, json};

use super::{
    Access, Context, Invocation, Kind, Outcome, Tool,
    arguments::{ArgumentError, Arguments},
    blocking,
    target::Target,
};
use crate::workspace::Workspace;

/// Entries answered at most.
const MAX_ENTRIES: usize = 100;

pub(crate) struct ListDirectory;

struct Call {
    target: Target,
    ignore: GlobSet,
}

impl Tool for ListDirectory {
    fn name(&self) -> &'static str {
        "list_directory"
    }

    fn display(&self) -> &'static str {
        "ListDirectory"
    }

    fn kind(&self) -> Kind {
        Kind::Read
    }

    fn description(&self) -> &'static str {
        "Lists the entries of one folder of the workspace, folders first."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "Absolute path of the folder"},
                "ignore": {"type": "array", "items": {"type": "string"}, "description": "Glob patterns of names to leave out"},
            },
            "required": ["path"],
        })
    }

    fn parse(&self, arguments: &Value, workspace: &Workspace) -> Result<Box<dyn Invocation>, ArgumentError> {
        let arguments = Arguments::new(arguments)?;
        let target = Target::read(&arguments, "path", workspace)?;
        let ignore = patterns(arguments.list("ignore")?.unwrap_or(&[]))?;
        Ok(Box::new(Call { target, ignore }))
    }
}

fn patterns(list: &[Value]) -> Result<GlobSet, ArgumentError> {
    let problem = |problem: String| ArgumentError::Value { field: "ignore", problem };
    let mut set = GlobSetBuilder::new();
    for item in list {
        let pattern = item.as_str().ok_or_else(|| problem("must hold strings only".to_owned()))?;
        set.add(Glob::new(pattern).map_err(|error| problem(error.to_string()))?);
    }
    set.build().map_err(|error| problem(error.to_string()))
}

impl Invocation for Call {
    fn describe(&self) -> String {
        self.target.shown.clone()
    }

    fn locations(&self) -> Vec<PathBuf> {
        self.target.locations()
    }

    fn access(&self) -> Access {
        Access::Read(self.target.path.clone())
    }

    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Outcome> {
        Box::pin(blocking(move || {
            let place = match context.workspace.locate(&self.target.path) {
                Ok(place) => place,
                Err(error) => return Outcome::failed(error.to_string()),
            };
            match self.list(&place.path()) {
                Ok(outcome) => outcome,
                Err(error) => Outcome::failed(format!("Cannot list {}: {error}", self.target.path.display())),
            }
        }))
    }
}

impl Call {
    fn list(&self, folder: &Path) -> std::io::Result<Outcome> {
        let mut entries: Vec<(bool, String)> = fs::read_dir(folder)?
            .filter_map(Result::ok)
            .map(|entry| (entry.path().is_dir(), entry.file_name().to_string_lossy().into_owned()))
            .filter(|(_, name)| !self.ignore.is_match(name))
            .collect();
        entries.sort_by(|(a_dir, a), (b_dir, b)| b_dir.cmp(a_dir).then_with(|| a.cmp(b)));
        let total = entries.len();
        let mut text = format!("{}: {total} item(s)\n---\n", self.target.path.display());
        for (is_dir, name) in entries.iter().take(MAX_ENTRIES) {
            text.push_str(if *is_dir { "[DIR] " } else { "" });
            text.push_str(name);
            text.push('\n');
        }
        if total > MAX_ENTRIES {
            text.push_str(&format!("[{} more left out]\n", total - MAX_ENTRIES));
        }
        Ok(Outcome::text(text.trim_end()).with_raw(format!("Listed {total} item(s)")))
    }
}
