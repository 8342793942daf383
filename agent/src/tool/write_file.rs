//! `write_file`: a whole file, new or replaced.

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Access, Context, Invocation, Kind, Outcome, Tool,
    arguments::{ArgumentError, Arguments},
    diff::Change,
    planned::{Planned, current_text},
    target::Target,
};
use crate::workspace::Workspace;

pub(crate) struct WriteFile;

struct Call {
    target: Target,
    content: String,
    /// Set by `prepare`.
    planned: Option<Planned>,
}

impl Tool for WriteFile {
    fn name(&self) -> &'static str {
        "write_file"
    }

    fn display(&self) -> &'static str {
        "WriteFile"
    }

    fn kind(&self) -> Kind {
        Kind::Edit
    }

    fn description(&self) -> &'static str {
        "Writes a whole file of the workspace, making folders as needed. An existing file is replaced."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "file_path": {"type": "string", "description": "Absolute path of the file"},
                "content": {"type": "string", "description": "The whole new content"},
            },
            "required": ["file_path", "content"],
        })
    }

    fn parse(&self, arguments: &Value, workspace: &Workspace) -> Result<Box<dyn Invocation>, ArgumentError> {
        let arguments = Arguments::new(arguments)?;
        let target = Target::read(&arguments, "file_path", workspace)?;
        let content = arguments.text("content")?.to_owned();
        Ok(Box::new(Call { target, content, planned: None }))
    }
}

impl Invocation for Call {
    fn describe(&self) -> String {
        format!("Writing to {}", self.target.shown)
    }

    fn locations(&self) -> Vec<PathBuf> {
        self.target.locations()
    }

    fn access(&self) -> Access {
        Access::Edit(self.target.path.clone())
    }

    fn prepare<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<Vec<Value>, Outcome>> {
        Box::pin(async move {
            let planned = self.plan(context).map_err(Outcome::failed)?;
            Ok(planned.shown(&mut self.planned))
        })
    }

    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Outcome> {
        Box::pin(Planned::make(self.planned, context))
    }
}

impl Call {
    fn plan(&self, context: &Context) -> Result<Planned, String> {
        let path = self.target.path.clone();
        let place = context.workspace.locate(&path).map_err(|error| error.to_string())?;
        let old = current_text(&place).map_err(|error| format!("Cannot write {}: {error}", path.display()))?;
        let (existed, done) = if old.is_some() { (true, "Replaced") } else { (false, "Created") };
        let change = Change { old: old.unwrap_or_default(), new: self.content.clone() };
        Ok(Planned { place, path, change, existed, labels: ["Original", "Written"], done })
    }
}
