//! Where the programs under test are: beside the running test, as cargo built them.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// The `roost` binary. `ROOST_BIN` names another one.
pub fn roost() -> anyhow::Result<PathBuf> {
    match env::var_os("ROOST_BIN") {
        Some(path) => existing(PathBuf::from(path)),
        None => beside_us("roost"),
    }
}

/// The scripted ACP agent.
pub fn scripted_agent() -> anyhow::Result<PathBuf> {
    beside_us("scripted-agent")
}

/// A binary of this workspace, built in the profile this program was built in.
pub fn beside_us(name: &str) -> anyhow::Result<PathBuf> {
    let us = env::current_exe().context("this program has no path")?;
    let folder = us.parent().context("a program lives in a folder")?;
    // Tests live in `<target>/<profile>/deps`, programs one folder up.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    existing(folder.join(name).with_extension(env::consts::EXE_EXTENSION))
}

fn existing(path: PathBuf) -> anyhow::Result<PathBuf> {
    if !path.is_file() {
        bail!(
            "{} is not built. `cargo xtask test` builds it; by hand: cargo build -p roost-server -p roost-tests",
            path.display()
        );
    }
    Ok(path)
}

/// The root of the repository, for tests that read it.
#[must_use]
pub fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}
