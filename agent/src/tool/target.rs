//! The file or folder a call is about.

use std::path::PathBuf;

use super::arguments::{ArgumentError, Arguments};
use crate::workspace::Workspace;

/// A path of the arguments, made absolute, and as people are shown it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) shown: String,
}

impl Target {
    pub(super) fn read(
        arguments: &Arguments<'_>,
        field: &'static str,
        workspace: &Workspace,
    ) -> Result<Self, ArgumentError> {
        let path = arguments.path(field, workspace)?;
        Ok(Self { shown: workspace.shown(&path), path })
    }

    pub(super) fn locations(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }
}
