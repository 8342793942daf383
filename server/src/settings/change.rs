//! One value of a settings file, about to be changed.

use roost_core::settings::{Edit, lookup};
use serde_json::Value;

use super::{InvalidValue, Layers, ROWS, Row, SaveError, Scope, mask};

/// What a key is to become.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    key: String,
    value: Value,
}

/// Why a setting is not changed.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    #[error("Setting \"{0}\" is not modifiable via this API")]
    Disallowed(String),
    #[error("Setting \"{0}\" holds for the user only; a project's value is ignored")]
    NotOfAWorkspace(&'static str),
    #[error(transparent)]
    Value(#[from] InvalidValue),
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl Change {
    /// `key` is dotted.
    #[must_use]
    pub fn set(key: impl Into<String>, value: Value) -> Self {
        Self { key: key.into(), value }
    }

    pub(super) fn edit(&self) -> Edit<'_> {
        Edit::Set { key: &self.key, value: &self.value }
    }

    /// The value as clients may see it.
    #[must_use]
    pub fn shown(&self) -> Value {
        mask::masked(&self.value)
    }
}

impl Row {
    /// The row of a key.
    ///
    /// # Errors
    /// The key is not for clients.
    pub fn named(key: &str) -> Result<&'static Self, SetError> {
        ROWS.iter().find(|row| row.key == key).ok_or_else(|| SetError::Disallowed(key.to_owned()))
    }

    /// A client's wish, checked. A masked secret in it stands for the one that is in the file.
    ///
    /// # Errors
    /// The key is not for this scope, or the value is not of its kind.
    pub fn change(&self, layers: &Layers, scope: Scope, value: Value) -> Result<Change, SetError> {
        if scope == Scope::Workspace && super::NOT_OF_A_WORKSPACE.contains(&self.key) {
            return Err(SetError::NotOfAWorkspace(self.key));
        }
        self.check(&value)?;
        let layer = layers.of(scope);
        let value = mask::restore(value, lookup(&layer, self.key)).ok_or(InvalidValue::Masked)?;
        Ok(Change::set(self.key, value))
    }
}
