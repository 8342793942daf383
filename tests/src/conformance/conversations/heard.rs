//! One thing that was heard: what it is, in words, and its shape.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    client::Response,
    conformance::{Seen, Shape, seen::masked},
};

/// One thing that was heard, or several of a kind on end: how words are cut into chunks is nobody's promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Heard {
    what: String,
    pub(super) shape: Shape,
}

/// Members whose values say what kind of event it is, and where they stand in its data.
const TELLING: &[&str] = &[
    "/update/sessionUpdate",
    "/update/status",
    "/stopReason",
    "/code",
    "/state",
    "/reason",
    "/outcome/outcome",
    "/outcome/optionId",
    "/key",
    "/next",
    "/titleSource",
];

/// Where the chunk that holds no words has its figures.
const FIGURES: &str = "/update/_meta/usage";

impl Heard {
    pub(super) fn new(what: String, shape: Shape) -> Self {
        Self { what, shape }
    }

    /// An event: its type, and what its data say of it.
    pub(super) fn event(kind: &str, data: &Value, whole: Value) -> Self {
        let values = TELLING.iter().filter_map(|at| data.pointer(at)).filter_map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
        let mut words: Vec<String> = std::iter::once(kind.to_owned()).chain(values).collect();
        words.extend(data.pointer(FIGURES).map(|_| "with figures".to_owned()));
        Self::new(words.join(" "), Shape::of(&masked(whole)))
    }

    /// An answer to a request of HTTP.
    pub(super) fn answer(asked: &str, answer: &Response) -> Self {
        let Seen { status, code, shape } = Seen::of(answer);
        let code = code.map(|code| format!(" {code}")).unwrap_or_default();
        Self::new(format!("{asked}: {status}{code}"), shape.unwrap_or_else(|| Shape::of(&Value::Null)))
    }

    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// The same once more.
    pub(super) fn again(&mut self, other: Self) {
        let had = std::mem::replace(&mut self.shape, Shape::of(&Value::Null));
        self.shape = had.or(other.shape);
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}
