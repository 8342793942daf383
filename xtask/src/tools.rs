//! Finds the tools the build needs and installs what is missing. Nothing is installed that is already there.

use std::{fs, process::Command};

use anyhow::{Context, bail};

use crate::{
    progress::{Failed, fine, run},
    project::{self, WASM, cargo, command, find},
};

/// The Trunk that `Trunk.toml` and `index.html` are written for.
const TRUNK_VERSION: &str = "0.21.14";

/// The standard library for the page's target.
pub(crate) fn wasm_target() -> anyhow::Result<()> {
    let folder = output(command("rustc").args(["--print", "target-libdir", "--target", WASM]))?;
    if fs::read_dir(folder.trim()).is_ok_and(|mut entries| entries.next().is_some()) {
        return Ok(());
    }
    if find("rustup").is_none() {
        bail!("Rust's {WASM} library is missing and there is no rustup to add it: install it as you installed Rust");
    }
    run(&format!("add Rust's {WASM} target"), command("rustup").args(["target", "add", WASM]))
}

/// A component of the toolchain that is called as `cargo <subcommand>`.
pub(crate) fn component(component: &str, subcommand: &str) -> anyhow::Result<()> {
    if output(cargo().args([subcommand, "--version"])).is_ok() {
        return Ok(());
    }
    if find("rustup").is_none() {
        bail!("{component} is missing and there is no rustup to add it: install it as you installed Rust");
    }
    run(&format!("add Rust's {component}"), command("rustup").args(["component", "add", component]))
}

/// Trunk, which builds the page.
pub(crate) fn trunk() -> anyhow::Result<()> {
    cargo_install("trunk", "trunk", TRUNK_VERSION)
}

/// The command line of wasm-bindgen and its test runner: exactly the version of the library, or its output does not fit.
pub(crate) fn wasm_bindgen() -> anyhow::Result<()> {
    cargo_install("wasm-bindgen-cli", "wasm-bindgen", &project::locked_version("wasm-bindgen")?)
}

fn cargo_install(package: &str, program: &str, version: &str) -> anyhow::Result<()> {
    let installed = output(command(program).arg("--version")).unwrap_or_default();
    if installed.split_whitespace().any(|word| word == version) {
        fine(&format!("{program} {version}"));
        return Ok(());
    }
    let what = format!("install {package} {version} into target/tools (once, a few minutes)");
    match run(&what, install(package, version).arg("--locked")) {
        Err(error) if lacks_a_locked_version(&error) => {
            eprintln!("    the registry lacks a version that {package} {version} is locked to;");
            eprintln!("    {package} stays at {version}, what it is built from is chosen anew");
            run(&what, &mut install(package, version))?;
        }
        outcome => outcome?,
    }
    // What it was built from is 1 GB that nobody needs again; failing to remove it harms nothing.
    let _ = fs::remove_dir_all(project::target().join("tools-build"));
    Ok(())
}

/// `cargo install` of exactly this version. A debug build is made in half the time and is quick enough for the work here.
fn install(package: &str, version: &str) -> Command {
    let mut install = cargo();
    install.args(["install", "--debug", "--force", package, "--version", version, "--root"]);
    install.arg(project::tools()).arg("--target-dir").arg(project::target().join("tools-build"));
    install
}

/// Whether cargo found no such version, as with a registry that lags behind or after a withdrawal. A build that fails for
/// another reason would only fail again.
fn lacks_a_locked_version(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Failed>().is_some_and(|failed| {
        failed.output.contains("failed to select a version") && failed.output.contains("(locked to ")
    })
}

/// A headless browser and its driver, for the tests that look at the page.
pub(crate) fn browser() -> anyhow::Result<()> {
    if find("chromedriver").is_some() {
        return Ok(());
    }
    system_packages("The browser tests need Chromium and chromedriver", &["chromium", "chromium-driver"])
}

/// Node, which runs core's tests on wasm32.
pub(crate) fn node() -> anyhow::Result<()> {
    if find("node").is_some() {
        return Ok(());
    }
    system_packages("Core's tests on wasm32 need Node", &["nodejs"])
}

/// Node with npm, which the tests install and run the published client with.
pub(crate) fn npm() -> anyhow::Result<()> {
    if find("node").is_some() && find("npm").is_some() {
        return Ok(());
    }
    system_packages("The tests of the published client need Node and npm", &["nodejs", "npm"])
}

/// A C++ compiler, which the fuzzer's runtime is built with.
pub(crate) fn cxx() -> anyhow::Result<()> {
    if find("c++").is_some() {
        return Ok(());
    }
    system_packages("The fuzz targets need a C++ compiler", &["g++"])
}

fn system_packages(need: &str, packages: &[&str]) -> anyhow::Result<()> {
    let list = packages.join(" ");
    if find("apt-get").is_none() {
        bail!("{need}. Install them from your system's packages (on Debian: apt-get install {list}).");
    }
    if output(command("id").arg("-u"))?.trim() != "0" {
        bail!("{need}. Install them with: sudo apt-get install --no-install-recommends {list}");
    }
    // A container's package lists are often empty or old.
    run("refresh the package lists", command("apt-get").args(["update", "-q"]))?;
    let mut install = command("apt-get");
    install
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    run(&format!("install {list}"), &mut install)
}

/// What a command prints; an error when it cannot be started or fails.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        bail!("{program} ended with {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
