//! Reads the arguments a model wrote. Every error names the field, so that the model can correct its call.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::workspace::Workspace;

/// What is wrong with the arguments.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("Invalid arguments: expected an object, got {0}")]
    NoObject(&'static str),
    #[error("Invalid arguments: `{0}` is required")]
    Missing(&'static str),
    #[error("Invalid arguments: `{field}` must be {expected}, got {got}")]
    Type { field: &'static str, expected: &'static str, got: &'static str },
    #[error("Invalid arguments: `{field}` {problem}")]
    Value { field: &'static str, problem: String },
}

/// The arguments of one call.
pub(crate) struct Arguments<'a>(&'a Map<String, Value>);

impl<'a> Arguments<'a> {
    pub(crate) fn new(value: &'a Value) -> Result<Self, ArgumentError> {
        value.as_object().map(Self).ok_or(ArgumentError::NoObject(kind_of(value)))
    }

    pub(crate) fn text(&self, field: &'static str) -> Result<&'a str, ArgumentError> {
        self.optional_text(field)?.ok_or(ArgumentError::Missing(field))
    }

    pub(crate) fn optional_text(&self, field: &'static str) -> Result<Option<&'a str>, ArgumentError> {
        self.optional(field, "a string", Value::as_str)
    }

    /// A text that says something.
    pub(crate) fn filled(&self, field: &'static str) -> Result<&'a str, ArgumentError> {
        let text = self.text(field)?;
        if text.trim().is_empty() {
            return Err(ArgumentError::Value { field, problem: "must not be empty".to_owned() });
        }
        Ok(text)
    }

    pub(crate) fn flag(&self, field: &'static str) -> Result<bool, ArgumentError> {
        Ok(self.optional(field, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    /// A whole number of at least `least`. Models write `2.0` now and then; it is the same number.
    pub(crate) fn number(&self, field: &'static str, least: u64) -> Result<Option<u64>, ArgumentError> {
        let whole = |value: &Value| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be whole and small"
            )]
            let from_float = |n: f64| (n.fract() == 0.0 && (0.0..1e15).contains(&n)).then_some(n as u64);
            value.as_u64().or_else(|| value.as_f64().and_then(from_float))
        };
        match self.optional(field, "a whole number", whole)? {
            Some(number) if number < least => {
                Err(ArgumentError::Value { field, problem: format!("must be at least {least}") })
            }
            number => Ok(number),
        }
    }

    pub(crate) fn list(&self, field: &'static str) -> Result<Option<&'a [Value]>, ArgumentError> {
        self.optional(field, "an array", |value| value.as_array().map(Vec::as_slice))
    }

    /// A path, made absolute.
    pub(crate) fn path(&self, field: &'static str, workspace: &Workspace) -> Result<PathBuf, ArgumentError> {
        self.filled(field).map(|path| workspace.absolute(path))
    }

    /// A path that defaults to the working directory.
    pub(crate) fn folder(&self, field: &'static str, workspace: &Workspace) -> Result<PathBuf, ArgumentError> {
        Ok(workspace.absolute(self.optional_text(field)?.unwrap_or(".")))
    }

    fn optional<T>(
        &self,
        field: &'static str,
        expected: &'static str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ArgumentError> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or(ArgumentError::Type { field, expected, got: kind_of(value) }),
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
