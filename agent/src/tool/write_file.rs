//! `write_file`: a whole file, new or replaced.

use std::{
    io,
    path::{Path, PathBuf},
};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Access, Context, Invocation, Kind, Outcome, Tool,
    arguments::{ArgumentError, Arguments},
    blocking,
    diff::Change,
    target::Target,
};
use crate::workspace::{Place, Workspace};

pub(crate) struct WriteFile;

struct Call {
    target: Target,
    content: String,
    /// Set by `prepare`.
    planned: Option<Planned>,
}

/// A change that was shown and may now be made.
pub(super) struct Planned {
    pub(super) place: Place,
    pub(super) change: Change,
    pub(super) existed: bool,
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
            let place =
                context.workspace.locate(&self.target.path).map_err(|error| Outcome::failed(error.to_string()))?;
            let (old, existed) = match current_text(&place) {
                Ok(old) => (old, true),
                Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), false),
                Err(error) => {
                    return Err(Outcome::failed(format!("Cannot write {}: {error}", self.target.path.display())));
                }
            };
            let change = Change { old, new: self.content.clone() };
            let content = vec![change.content(&self.target.path)];
            self.planned = Some(Planned { place, change, existed });
            Ok(content)
        })
    }

    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            let Self { target: Target { path, .. }, planned, .. } = *self;
            let Some(planned) = planned else {
                return Outcome::failed("The call was never prepared.");
            };
            let done = if planned.existed { "Replaced" } else { "Created" };
            let to_model = format!("{done} {}.", path.display());
            blocking(move || planned.apply(&context, &path, ["Original", "Written"], to_model)).await
        })
    }
}

/// The file as text. A file that is not text is an error, not empty.
pub(super) fn current_text(place: &Place) -> io::Result<String> {
    let content = place.read()?;
    String::from_utf8(content.bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a text file"))
}

impl Planned {
    /// Makes the change, unless the file is no longer what was shown.
    pub(super) fn apply(self, context: &Context, path: &Path, labels: [&str; 2], to_model: String) -> Outcome {
        let now = match current_text(&self.place) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Outcome::failed(format!("Cannot write {}: {error}", path.display())),
        };
        if now.as_deref() != self.existed.then_some(self.change.old.as_str()) {
            return Outcome::failed(format!("{} changed in the meantime; read it again.", path.display()));
        }
        if let Err(error) = self.place.write(self.change.new.as_bytes()) {
            return Outcome::failed(format!("Cannot write {}: {error}", path.display()));
        }
        context.reads.saw(&self.place.path(), self.change.new.as_bytes());
        let (raw, lines_added, lines_removed) = self.change.raw(path, labels);
        let content = vec![self.change.content(path)];
        Outcome { ok: true, to_model, content, raw: Some(raw), plan: None, lines_added, lines_removed }
    }
}
