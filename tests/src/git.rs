//! Git as somebody at the keyboard would run it, whoever runs the tests and wherever.

use std::{path::Path, process::Command};

use anyhow::{Context, ensure};

/// Runs git in `folder` as Ada, with no settings but these: not the machine's, not the user's, and none from a git that runs the tests.
pub fn run(folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]);
    command.args(arguments).current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().context("the tests need git")?;
    ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
