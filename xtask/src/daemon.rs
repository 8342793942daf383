//! The daemon: built with the page inside, and started.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::Context;

use crate::{
    page,
    progress::{fine, run},
    project::{self, cargo},
};

/// `cargo xtask serve`.
pub(crate) fn serve(folder: &Path, flags: &[String]) -> anyhow::Result<ExitCode> {
    let folder = folder.canonicalize().with_context(|| format!("there is no folder {}", folder.display()))?;
    page::build()?;
    let daemon = build_for_development()?;
    eprintln!("  · start the daemon for {}\n", folder.display());
    let mut serve = Command::new(daemon);
    serve.arg("serve").arg("--workspace").arg(&folder).args(flags).current_dir(&folder);
    become_program(&mut serve)
}

/// The daemon in the profile the tests use: quick to build, so that a first look costs minutes and not a coffee.
pub(crate) fn build_for_development() -> anyhow::Result<PathBuf> {
    run("build the daemon", cargo().args(["build", "--package", "roost-server", "--bin", "roost"]))?;
    Ok(program("debug"))
}

/// `cargo xtask build`.
pub(crate) fn build_release() -> anyhow::Result<()> {
    page::build()?;
    run(
        "build the daemon for release",
        cargo().args(["build", "--release", "--package", "roost-server", "--bin", "roost"]),
    )?;
    let daemon = program("release");
    let bytes = daemon.metadata().with_context(|| format!("cargo built no {}", daemon.display()))?.len();
    fine(&format!("{} ({:.1} MB, page inside)", daemon.display(), bytes as f64 / 1e6));
    Ok(())
}

fn program(profile: &str) -> PathBuf {
    project::target().join(profile).join("roost").with_extension(std::env::consts::EXE_EXTENSION)
}

/// Hands this process over, so that signals reach the daemon and its status is ours.
#[cfg(unix)]
fn become_program(command: &mut Command) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).with_context(|| format!("cannot start {}", command.get_program().display()))
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> anyhow::Result<ExitCode> {
    let status = command.status().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
