//! What each crate is built on: which crates, from where, under which licence.

use std::process::Command;

use anyhow::Context;
use roost_tests::{program, source};
use serde_json::Value;

use crate::{
    ROOMS,
    finding::{Finding, expect_none},
};

// What each crate may use.

/// Everything core may be built on. A new name here is a decision: it must do no I/O and know no clock, on wasm32 too.
/// The last two are behind the feature that exports core to JavaScript.
const CORE_MAY_USE: &[&str] = &[
    "bytes",
    "jsonc-parser",
    "memchr",
    "serde",
    "serde_json",
    "thiserror",
    "unicase",
    "serde-wasm-bindgen",
    "wasm-bindgen",
];

/// Crates a room must not depend on; a trailing `*` stands for any ending.
const MUST_NOT_USE: &[(&str, &[&str])] = &[
    ("roost-server", &["roost-web", "leptos*", "web-sys"]),
    ("roost-agent", &["roost-server", "roost-web", "axum*"]),
    ("roost-web", &["roost-server", "roost-agent", "tokio*"]),
    // The end-to-end tests start programs; linked in, they would not come through the front door.
    ("roost-tests", &["roost-server", "roost-agent", "roost-web"]),
    // It has to compile fast and before everything else.
    ("xtask", &["roost-*", "tokio*", "clap*", "serde*"]),
];

fn metadata(arguments: &[&str]) -> anyhow::Result<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--locked"]).args(arguments);
    let output = command.current_dir(program::repository()).output()?;
    anyhow::ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The names of what a crate is built on, tests apart.
fn dependencies(package: &Value) -> Vec<&str> {
    let built_on = list(&package["dependencies"]).iter().filter(|dependency| dependency["kind"] != "dev");
    built_on.filter_map(|dependency| dependency["name"].as_str()).collect()
}

#[test]
fn crates_use_only_what_their_room_allows() -> anyhow::Result<()> {
    let metadata = metadata(&["--no-deps"])?;
    let mut findings = Vec::new();
    for package in list(&metadata["packages"]) {
        let name = package["name"].as_str().context("a package has a name")?;
        for dependency in dependencies(package) {
            let foreign_to_core = name == "roost-core" && !CORE_MAY_USE.contains(&dependency);
            let forbidden = MUST_NOT_USE.iter().filter(|(room, _)| *room == name).flat_map(|(_, crates)| *crates);
            let forbidden = forbidden.into_iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => dependency.starts_with(prefix),
                None => dependency == *pattern,
            });
            if foreign_to_core || forbidden {
                findings.push(Finding::new(format!("{name}/Cargo.toml"), 1, dependency));
            }
        }
    }
    expect_none(&findings, "move the code to the crate that may use it; the table is in docs/ARCHITECTURE.md");
    Ok(())
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for source in source::all()?.iter().filter(|source| source.name() == "Cargo.toml" && ROOMS.contains(&source.room()))
    {
        if !source.text.contains("[lints]\nworkspace = true") {
            findings.push(Finding::new(&source.path, 1, "no `[lints] workspace = true`"));
        }
    }
    expect_none(&findings, "add it below [package]");
    Ok(())
}

// Where it comes from.

#[test]
fn every_dependency_comes_from_crates_io() -> anyhow::Result<()> {
    let canonical = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let mut findings = Vec::new();
    for source in source::all()?.iter().filter(|source| source.name() == "Cargo.lock") {
        let lines =
            source.text.lines().enumerate().filter(|(_, line)| line.starts_with("source = ") && *line != canonical);
        findings.extend(lines.map(|(number, line)| Finding::new(&source.path, number + 1, line)));
    }
    expect_none(
        &findings,
        "depend on a release from crates.io; no git revision and no mirror's address in the lock file",
    );
    Ok(())
}

/// Licences that ask for nothing a binary distributed under Apache-2.0 cannot give.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in, not even through another one.
const UNWELCOME: &[(&str, &str)] = &[
    ("openssl-sys", "a second TLS stack, and a C library of the system's"),
    ("native-tls", "a second TLS stack"),
    ("aws-lc-sys", "minutes of C, for what `ring` does"),
    ("tokio-tar", "extracts entries that its header check did not see"),
];

#[test]
fn every_dependency_is_licensed_and_welcome() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for platform in ["x86_64-unknown-linux-gnu", "wasm32-unknown-unknown"] {
        let metadata = metadata(&["--filter-platform", platform])?;
        for package in list(&metadata["packages"]) {
            let name = package["name"].as_str().context("a package has a name")?;
            let licence = package["license"].as_str().unwrap_or("none");
            if !is_free(licence) {
                findings.push(Finding::new("Cargo.lock", 1, format!("{name}: {licence}")));
            }
            let unwelcome = UNWELCOME.iter().filter(|(crate_name, _)| *crate_name == name);
            findings.extend(unwelcome.map(|(name, reason)| Finding::new("Cargo.lock", 1, format!("{name}: {reason}"))));
        }
    }
    expect_none(&findings, "choose another crate or other features, `cargo tree -i <crate>` shows who wants it");
    Ok(())
}

/// Whether an SPDX expression can be satisfied with licences on the list.
fn is_free(expression: &str) -> bool {
    if let Some((before, rest)) = expression.rsplit_once('(')
        && let Some((inner, after)) = rest.split_once(')')
    {
        let inner = if is_free(inner) { LICENCES[0] } else { "none" };
        return is_free(&format!("{before}{inner}{after}"));
    }
    let known = |licence: &str| LICENCES.contains(&licence.trim());
    expression.replace('/', " OR ").split(" OR ").any(|alternative| alternative.split(" AND ").all(known))
}

#[test]
fn a_licence_expression_is_read_with_its_parentheses() {
    for free in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert!(is_free(free), "{free}");
    }
    for other in ["GPL-3.0", "none", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-3.0", ""] {
        assert!(!is_free(other), "{other}");
    }
}
