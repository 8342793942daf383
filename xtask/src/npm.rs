//! `cargo xtask npm`: core as an npm package with TypeScript types, tried from Node.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::{
    progress::{fine, run},
    project::{self, WASM, cargo, command},
    tools,
};

const PROFILE: &str = "wasm-release";

/// A build of the package: its folder, what `wasm-bindgen` calls it, and whether it is made of ES modules.
struct Flavour {
    folder: &'static str,
    target: &'static str,
    is_module: bool,
}

const FLAVOURS: [Flavour; 3] = [
    Flavour { folder: "node", target: "nodejs", is_module: false },
    Flavour { folder: "bundler", target: "bundler", is_module: true },
    Flavour { folder: "web", target: "web", is_module: true },
];

/// Builds `target/npm` and runs the package's own tests in Node.
pub(crate) fn build() -> anyhow::Result<()> {
    tools::wasm_target()?;
    tools::wasm_bindgen()?;
    tools::node()?;
    let package = project::target().join("npm");
    if package.exists() {
        fs::remove_dir_all(&package).context("cannot clear target/npm")?;
    }
    let wasm = compile()?;
    for flavour in &FLAVOURS {
        bind(&wasm, &package, flavour)?;
    }
    describe(&package)?;
    try_it(&package)?;
    fine("the package is in target/npm; publish it with npm publish target/npm");
    Ok(())
}

/// Core as a WASM library. Only this build is one: as a dependency it stays an ordinary Rust library.
fn compile() -> anyhow::Result<PathBuf> {
    let mut rustc = cargo();
    rustc.args(["rustc", "--package", "roost-core", "--lib", "--features", "js", "--crate-type", "cdylib"]);
    rustc.args(["--target", WASM, "--profile", PROFILE]);
    run("compile core to WASM", &mut rustc)?;
    Ok(project::target().join(WASM).join(PROFILE).join("roost_core.wasm"))
}

fn bind(wasm: &Path, package: &Path, flavour: &Flavour) -> anyhow::Result<()> {
    let folder = package.join(flavour.folder);
    let mut bindgen = command("wasm-bindgen");
    bindgen.arg(wasm).args(["--target", flavour.target, "--out-dir"]).arg(&folder);
    run(&format!("bind it for {}", flavour.target), &mut bindgen)?;
    let kind = if flavour.is_module { "module" } else { "commonjs" };
    fs::write(folder.join("package.json"), format!("{{ \"type\": \"{kind}\" }}\n"))?;
    Ok(())
}

fn describe(package: &Path) -> anyhow::Result<()> {
    fs::write(package.join("package.json"), manifest(env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_LICENSE")))?;
    for (from, to) in [("core/npm/README.md", "README.md"), ("LICENSE", "LICENSE")] {
        fs::copy(project::root().join(from), package.join(to)).with_context(|| format!("cannot copy {from}"))?;
    }
    Ok(())
}

fn manifest(version: &str, license: &str) -> String {
    format!(
        r#"{{
  "name": "@roost/core",
  "version": "{version}",
  "description": "The core of Roost: event streams, transcripts and slash commands, without IO",
  "license": "{license}",
  "main": "./node/roost_core.js",
  "module": "./bundler/roost_core.js",
  "types": "./node/roost_core.d.ts",
  "exports": {{
    ".": {{
      "types": "./node/roost_core.d.ts",
      "node": "./node/roost_core.js",
      "default": "./bundler/roost_core.js"
    }},
    "./web": {{
      "types": "./web/roost_core.d.ts",
      "default": "./web/roost_core.js"
    }},
    "./package.json": "./package.json"
  }},
  "files": ["node", "bundler", "web", "README.md", "LICENSE"]
}}
"#
    )
}

fn try_it(package: &Path) -> anyhow::Result<()> {
    let mut node = command("node");
    node.args(["--test", "core/npm/package.test.mjs"]).env("ROOST_NPM", package);
    run("try the package from Node", &mut node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_names_the_version_and_only_folders_that_are_built() {
        let manifest = manifest("1.2.3", "Apache-2.0");
        assert!(manifest.contains(r#""version": "1.2.3""#));
        let folders: Vec<&str> =
            manifest.split("\"./").skip(1).filter_map(|rest| rest.split_once('/')).map(|(folder, _)| folder).collect();
        assert!(folders.len() > 4);
        assert!(folders.iter().all(|folder| FLAVOURS.iter().any(|flavour| flavour.folder == *folder)), "{folders:?}");
    }
}
