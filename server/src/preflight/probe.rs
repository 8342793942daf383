//! Looks at the disk and at programs.

use std::{io, path::Path, process::Stdio, time::Duration};

use rustix::fs::{Access, access};
use serde_json::json;
use tokio::process::Command;

use super::{Cell, Kind, Status};
use crate::child::SECRET_VARIABLES;

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks a program for its version. A missing one is a warning only, since the daemon itself does not need it.
pub(super) async fn program_version(kind: Kind, program: &str) -> Cell {
    let mut command = Command::new(program);
    // Not in the workspace, whose own settings could have an effect.
    command.arg("--version").current_dir("/").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    for name in SECRET_VARIABLES {
        command.env_remove(name);
    }
    match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            Cell::ok(kind, json!({"version": text.lines().next().unwrap_or_default().trim()}))
        }
        Ok(Ok(output)) => {
            let error = format!("`{program} --version` ended with {}", output.status);
            Cell::failed(kind, Status::Warning, "stat_failed", error)
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            Cell::failed(kind, Status::Warning, "missing_binary", format!("`{program}` is not on PATH"))
        }
        Ok(Err(error)) => Cell::failed(kind, Status::Warning, "stat_failed", error.to_string()),
        Err(_) => {
            let error = format!("`{program} --version` took longer than {} s", PATIENCE.as_secs());
            Cell::failed(kind, Status::Warning, "stat_failed", error)
        }
    }
}

/// The folder the sessions work in.
pub(super) fn workspace(cwd: &Path) -> Cell {
    let kind = Kind::WorkspaceDir;
    match std::fs::metadata(cwd) {
        Ok(meta) if !meta.is_dir() => Cell::failed(kind, Status::Error, "stat_failed", "it is not a folder"),
        Ok(_) => match access(cwd, Access::READ_OK | Access::EXEC_OK) {
            Ok(()) => Cell::ok(kind, json!({"path": cwd})),
            Err(error) => Cell::failed(kind, Status::Error, "stat_failed", io::Error::from(error).to_string()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Cell::failed(kind, Status::Error, "missing_file", "it does not exist any more")
        }
        Err(error) => Cell::failed(kind, Status::Error, "stat_failed", error.to_string()),
    }
}

/// Whether a program can be started: a path is looked at, a bare name is searched for.
pub(super) fn runnable(program: &Path) -> Result<(), (&'static str, String)> {
    let is_runnable = |path: &Path| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    let is_bare = program.components().count() == 1 && !program.is_absolute();
    let is_found = if is_bare {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| is_runnable(&folder.join(program)))
    } else {
        is_runnable(program)
    };
    if is_found { Ok(()) } else { Err(("missing_binary", format!("{} cannot be started", program.display()))) }
}
