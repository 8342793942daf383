//! A change of a file on its way: planned, shown with the question, made.

use std::{io, path::PathBuf};

use serde_json::Value;

use super::{Context, Outcome, blocking, diff::Change};
use crate::workspace::Place;

/// A change that may be made once it was shown.
pub(super) struct Planned {
    pub(super) place: Place,
    /// As the model named it.
    pub(super) path: PathBuf,
    pub(super) change: Change,
    pub(super) existed: bool,
    /// What the two sides of the diff are called.
    pub(super) labels: [&'static str; 2],
    /// What was done, for the model: a verb in the past tense.
    pub(super) done: &'static str,
}

impl Planned {
    /// The content to show with the question. The plan waits in `kept` until the call runs.
    pub(super) fn shown(self, kept: &mut Option<Self>) -> Vec<Value> {
        let content = vec![self.change.content(&self.path)];
        *kept = Some(self);
        content
    }

    /// Makes the change that was shown.
    pub(super) async fn make(kept: Option<Self>, context: Context) -> Outcome {
        match kept {
            Some(planned) => blocking(move || planned.apply(&context)).await,
            None => Outcome::failed("The call was never prepared."),
        }
    }

    /// Unless the file is no longer what was shown.
    fn apply(self, context: &Context) -> Outcome {
        let path = self.path.display();
        let now = match current_text(&self.place) {
            Ok(now) => now,
            Err(error) => return Outcome::failed(format!("Cannot write {path}: {error}")),
        };
        if now.as_deref() != self.existed.then_some(self.change.old.as_str()) {
            return Outcome::failed(format!("{path} changed in the meantime; read it again."));
        }
        if let Err(error) = self.place.write(self.change.new.as_bytes()) {
            return Outcome::failed(format!("Cannot write {path}: {error}"));
        }
        context.reads.saw(&self.place.path(), self.change.new.as_bytes());
        let (raw, lines_added, lines_removed) = self.change.raw(&self.path, self.labels);
        let to_model = format!("{} {path}.", self.done);
        let content = vec![self.change.content(&self.path)];
        Outcome { ok: true, to_model, content, raw: Some(raw), plan: None, lines_added, lines_removed }
    }
}

/// The file as text, none where there is no file. A file that is not text is an error, not empty.
pub(super) fn current_text(place: &Place) -> io::Result<Option<String>> {
    let content = match place.read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        content => content?,
    };
    let text = String::from_utf8(content.bytes);
    text.map(Some).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a text file"))
}
