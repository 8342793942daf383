//! `cargo xtask conformance`: Roost's answers against the original's.

use std::{fs, path::PathBuf};

use anyhow::bail;

use crate::{
    progress,
    project::{self, cargo, command},
    tools,
};

/// What is compared with: the release whose answers are recorded.
const ORIGINAL: &str = "@qwen-code/qwen-code@0.24.4";
/// What it runs on: newer than the Node of many a system.
const NODE: &str = "node@22";
const FLAGS: &str = "serve --port {port} --workspace {workspace} --enable-session-shell";

/// The original itself, to be asked anew.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// With this command line.
    Given(String),
    /// Installed into a folder of ours: the very release, on the Node it asks for.
    Installed,
}

impl Upstream {
    /// Reads `--upstream` and `--upstream "<command>"`; nothing means the recorded answers.
    pub(crate) fn read(flags: &[String]) -> anyhow::Result<Option<Self>> {
        match flags {
            [] => Ok(None),
            [flag] if flag == "--upstream" => Ok(Some(Self::Installed)),
            [flag, command] if flag == "--upstream" => Ok(Some(Self::Given(command.clone()))),
            _ => bail!("conformance takes --upstream, with a command line or without"),
        }
    }

    fn command_line(&self) -> anyhow::Result<String> {
        match self {
            Self::Given(command) => Ok(command.clone()),
            Self::Installed => {
                let programs = install()?;
                let [node, qwen] = ["node", "qwen"].map(|program| programs.join(program).display().to_string());
                Ok(format!("{node} {qwen} {FLAGS}"))
            }
        }
    }
}

pub(crate) fn run(upstream: Option<&Upstream>) -> anyhow::Result<()> {
    progress::run("build the programs", cargo().args(["build"]))?;
    let program = project::target().join("debug/conformance").with_extension(std::env::consts::EXE_EXTENSION);
    let mut compare = command(&program.display().to_string());
    if let Some(upstream) = upstream {
        compare.arg("--upstream").arg(upstream.command_line()?);
    }
    progress::run_aloud("compare", &mut compare)
}

/// The folder of the installed programs.
fn install() -> anyhow::Result<PathBuf> {
    tools::npm()?;
    let folder = project::target().join("original");
    fs::create_dir_all(&folder)?;
    let mut npm = command("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefer-offline", "--prefix"]).arg(&folder);
    progress::run("install the original into target/original", npm.args([ORIGINAL, NODE]))?;
    Ok(folder.join("node_modules/.bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: &[&str]) -> Option<Option<Upstream>> {
        Upstream::read(&flags.iter().map(ToString::to_string).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn the_original_is_asked_only_when_it_is_named() {
        assert_eq!(read(&[]), Some(None));
        assert_eq!(read(&["--upstream"]), Some(Some(Upstream::Installed)));
        assert_eq!(read(&["--upstream", "qwen serve"]), Some(Some(Upstream::Given("qwen serve".to_owned()))));
        assert_eq!(read(&["--quick"]), None);
    }
}
