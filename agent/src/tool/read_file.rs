//! `read_file`: a text file, or a window of its lines.

use std::{io, path::PathBuf};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Access, Context, Invocation, Kind, Outcome, Tool,
    arguments::{ArgumentError, Arguments},
    blocking,
    target::Target,
};
use crate::workspace::Workspace;

/// Lines answered when the model names no limit.
const DEFAULT_LINES: u64 = 2000;
/// Longest window, in bytes. A line is never cut unless it is longer than this on its own.
const MAX_WINDOW_BYTES: usize = 200_000;

pub(crate) struct ReadFile;

struct Call {
    target: Target,
    /// Lines to skip.
    offset: u64,
    limit: u64,
}

impl Tool for ReadFile {
    fn name(&self) -> &'static str {
        "read_file"
    }

    fn display(&self) -> &'static str {
        "ReadFile"
    }

    fn kind(&self) -> Kind {
        Kind::Read
    }

    fn description(&self) -> &'static str {
        "Reads a text file of the workspace. Long files are answered as a window of lines; use offset and limit to go on."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "file_path": {"type": "string", "description": "Absolute path of the file"},
                "offset": {"type": "integer", "minimum": 0, "description": "Lines to skip before the first one answered"},
                "limit": {"type": "integer", "minimum": 1, "description": "How many lines to answer"},
            },
            "required": ["file_path"],
        })
    }

    fn parse(&self, arguments: &Value, workspace: &Workspace) -> Result<Box<dyn Invocation>, ArgumentError> {
        let arguments = Arguments::new(arguments)?;
        let target = Target::read(&arguments, "file_path", workspace)?;
        Ok(Box::new(Call {
            target,
            offset: arguments.number("offset", 0)?.unwrap_or(0),
            limit: arguments.number("limit", 1)?.unwrap_or(DEFAULT_LINES),
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
        Access::Read(self.target.path.clone())
    }

    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Outcome> {
        Box::pin(blocking(move || self.read(&context)))
    }
}

impl Call {
    fn read(&self, context: &Context) -> Outcome {
        let place = match context.workspace.locate(&self.target.path) {
            Ok(place) => place,
            Err(error) => return Outcome::failed(error.to_string()),
        };
        let content = match place.read() {
            Ok(content) => content,
            Err(error) => return self.unreadable(&error),
        };
        let Ok(text) = std::str::from_utf8(&content.bytes) else {
            let text = format!("{} is not a text file ({} bytes).", self.target.path.display(), content.bytes.len());
            return Outcome::failed(text);
        };
        context.reads.saw(&place.path(), &content.bytes);
        self.window(text)
    }

    fn unreadable(&self, error: &io::Error) -> Outcome {
        let path = self.target.path.display();
        match error.kind() {
            io::ErrorKind::NotFound => Outcome::failed(format!("File not found: {path}")).with_raw("File not found."),
            io::ErrorKind::IsADirectory => {
                Outcome::failed(format!("{path} is a folder; list it with list_directory.")).with_raw("A folder.")
            }
            _ => Outcome::failed(format!("Cannot read {path}: {error}")),
        }
    }

    fn window(&self, text: &str) -> Outcome {
        let total = text.lines().count() as u64;
        let mut window = String::new();
        let mut taken = 0;
        for line in text.split_inclusive('\n').skip(usize::try_from(self.offset).unwrap_or(usize::MAX)) {
            if taken == self.limit || (taken > 0 && window.len() + line.len() > MAX_WINDOW_BYTES) {
                break;
            }
            window.push_str(line);
            taken += 1;
        }
        if self.offset == 0 && taken >= total {
            return Outcome::text(window).with_raw("");
        }
        if self.offset >= total {
            return Outcome::failed(format!("`offset` {} is behind the end: the file has {total} lines.", self.offset));
        }
        let (first, last) = (self.offset + 1, self.offset + taken);
        let rest = if last < total { format!("; go on with offset {last}") } else { String::new() };
        let note = format!("{window}\n[lines {first}-{last} of {total}{rest}]");
        Outcome::text(note).with_raw(format!("Read lines {first}-{last} of {total} from {}", self.target.shown))
    }
}
