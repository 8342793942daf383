//! Packages of npm that tests need: pinned by a lock file, installed once, and kept from run to run.

use std::{
    fs, io,
    path::Path,
    process::{Output, Stdio},
};

use anyhow::{Context, bail};
use tokio::process::Command;

/// What npm needs to know; a change of any of them is a reason to install again.
const PACKAGE: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// npm writes this last, so it stands for an installation that was finished.
const FINISHED: &str = "node_modules/.package-lock.json";

const WHAT_TO_INSTALL: &str = "install Node 20.14 or newer with npm (on Debian: apt-get install nodejs npm)";

/// Installs what the package in `source` depends on below `folder`, unless it is there already.
pub async fn install(source: &Path, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    if is_installed(source, folder)? {
        return Ok(());
    }
    for file in PACKAGE {
        fs::copy(source.join(file), folder.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    let output = finish(&mut npm).await?;
    if !output.status.success() {
        bail!("npm cannot install {}:\n{}", source.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Runs a program of Node's to its end.
pub async fn finish(command: &mut Command) -> anyhow::Result<Output> {
    let program = command.as_std().get_program().display().to_string();
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow::anyhow!("there is no {program}: {WHAT_TO_INSTALL}"),
        _ => anyhow::anyhow!("cannot start {program}: {error}"),
    })
}

fn is_installed(source: &Path, folder: &Path) -> anyhow::Result<bool> {
    for file in PACKAGE {
        if fs::read(source.join(file))? != fs::read(folder.join(file)).unwrap_or_default() {
            return Ok(false);
        }
    }
    Ok(folder.join(FINISHED).exists())
}
