//! `cargo xtask ci`: what every change has to pass, cheapest first.

use std::process::ExitCode;

use crate::{
    npm, page, progress,
    project::{self, WASM, cargo},
    test, tools,
};

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    tools::component("rustfmt", "fmt")?;
    tools::component("clippy", "clippy")?;
    tools::wasm_target()?;
    progress::run("check the format", cargo().args(["fmt", "--all", "--check"]))?;
    progress::run("lint", cargo().args(["clippy", "--all-targets", "--", "-D", "warnings"]))?;
    let web = ["clippy", "--package", "roost-web", "--all-targets", "--target", WASM, "--", "-D", "warnings"];
    progress::run("lint the page", cargo().args(web))?;
    progress::run("build the docs", cargo().args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    page::build()?;
    npm::build()?;
    fuzz_targets()?;
    Ok(test::everything(&[])?.close())
}

/// The fuzz targets are a workspace of their own, so nothing else would notice when they stop building, or when what they once found is
/// broken again.
fn fuzz_targets() -> anyhow::Result<()> {
    tools::cxx()?;
    for (task, what) in
        [("build", "build the fuzz targets"), ("test", "hold the laws of the fuzz targets against their corpus")]
    {
        let mut command = cargo();
        command.args([task, "--manifest-path"]).arg(project::root().join("fuzz/Cargo.toml"));
        progress::run(what, command.arg("--target-dir").arg(project::target().join("fuzz")))?;
    }
    Ok(())
}
