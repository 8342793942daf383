//! `edit`: replaces a text in a file that was read before.

use std::{io, path::PathBuf};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Access, Context, Invocation, Kind, Outcome, Tool,
    arguments::{ArgumentError, Arguments},
    diff::Change,
    planned::Planned,
    reads::Freshness,
    target::Target,
};
use crate::workspace::Workspace;

pub(crate) struct Edit;

struct Call {
    target: Target,
    old: String,
    new: String,
    replace_all: bool,
    /// Set by `prepare`.
    planned: Option<Planned>,
}

/// Why the text cannot be replaced.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum EditError {
    #[error("The file already exists; an empty old_string only makes a new file.")]
    Exists,
    #[error("old_string was not found. Read the file again and copy the text exactly.")]
    NotFound,
    #[error("old_string occurs {0} times. Add text around it until it is unique, or set replace_all.")]
    Ambiguous(usize),
    #[error("old_string and new_string are the same: there is nothing to change.")]
    NoChange,
}

impl Tool for Edit {
    fn name(&self) -> &'static str {
        "edit"
    }

    fn display(&self) -> &'static str {
        "Edit"
    }

    fn kind(&self) -> Kind {
        Kind::Edit
    }

    fn description(&self) -> &'static str {
        "Replaces old_string by new_string in a file. The file must have been read first, and old_string must match exactly \
         and only once, unless replace_all is set. An empty old_string makes a new file."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "file_path": {"type": "string", "description": "Absolute path of the file"},
                "old_string": {"type": "string", "description": "The exact text to replace"},
                "new_string": {"type": "string", "description": "The text to put in its place"},
                "replace_all": {"type": "boolean", "description": "Replace every occurrence"},
            },
            "required": ["file_path", "old_string", "new_string"],
        })
    }

    fn parse(&self, arguments: &Value, workspace: &Workspace) -> Result<Box<dyn Invocation>, ArgumentError> {
        let arguments = Arguments::new(arguments)?;
        let target = Target::read(&arguments, "file_path", workspace)?;
        Ok(Box::new(Call {
            target,
            old: arguments.text("old_string")?.to_owned(),
            new: arguments.text("new_string")?.to_owned(),
            replace_all: arguments.flag("replace_all")?,
            planned: None,
        }))
    }
}

impl Invocation for Call {
    fn describe(&self) -> String {
        self.target.shown.clone()
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
        let path = self.target.path.display();
        let planned = |place, change, existed| {
            let (labels, done) = (["Current", "Proposed"], "Edited");
            Planned { place, path: self.target.path.clone(), change, existed, labels, done }
        };
        let place = context.workspace.locate(&self.target.path).map_err(|error| error.to_string())?;
        let bytes = match place.read() {
            Ok(content) => Some(content.bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(format!("Cannot edit {path}: {error}")),
        };
        let Some(bytes) = bytes else {
            if !self.old.is_empty() {
                return Err(format!("File not found: {path}"));
            }
            return Ok(planned(place, Change { old: String::new(), new: self.new.clone() }, false));
        };
        match context.reads.freshness(&place.path(), &bytes) {
            Freshness::NeverRead => return Err(format!("{path} has not been read in this session; read it first.")),
            Freshness::Changed => return Err(format!("{path} has changed since it was read; read it again.")),
            Freshness::Fresh => {}
        }
        let old = String::from_utf8(bytes).map_err(|_| format!("{path} is not a text file."))?;
        let new = replace(&old, &self.old, &self.new, self.replace_all).map_err(|error| format!("{path}: {error}"))?;
        Ok(planned(place, Change { old, new }, true))
    }
}

fn replace(text: &str, old: &str, new: &str, all: bool) -> Result<String, EditError> {
    if old.is_empty() {
        return Err(EditError::Exists);
    }
    if old == new {
        return Err(EditError::NoChange);
    }
    // A file with CRLF lines is matched by a text written with LF, and keeps its line ends.
    let (old, new) = if text.contains("\r\n") && !old.contains('\r') && !text.contains(old) {
        (old.replace('\n', "\r\n"), new.replace('\n', "\r\n"))
    } else {
        (old.to_owned(), new.to_owned())
    };
    match text.matches(&old).count() {
        0 => Err(EditError::NotFound),
        1 => Ok(text.replacen(&old, &new, 1)),
        _ if all => Ok(text.replace(&old, &new)),
        count => Err(EditError::Ambiguous(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_replaced_only_where_it_is_meant() {
        assert_eq!(replace("a b a", "b", "c", false), Ok("a c a".to_owned()));
        assert_eq!(replace("a b a", "a", "c", false), Err(EditError::Ambiguous(2)));
        assert_eq!(replace("a b a", "a", "c", true), Ok("c b c".to_owned()));
        assert_eq!(replace("a", "x", "y", false), Err(EditError::NotFound));
        assert_eq!(replace("a", "a", "a", false), Err(EditError::NoChange));
        assert_eq!(replace("a", "", "b", false), Err(EditError::Exists));
    }

    #[test]
    fn windows_line_ends_survive_an_edit() {
        assert_eq!(replace("a\r\nb\r\nc\r\n", "a\nb", "x\ny", false), Ok("x\r\ny\r\nc\r\n".to_owned()));
    }
}
