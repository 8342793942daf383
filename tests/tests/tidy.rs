//! The project's invariants about its own sources. An invariant without a test drifts.

use std::{fmt, process::Command};

use anyhow::Context;
use roost_tests::{
    program,
    source::{self, Source},
};
use serde_json::Value;

/// A place that breaks a rule.
struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Fails with every finding, and with what to do about it.
#[track_caller]
fn expect_none(findings: &[Finding], what_to_do: &str) {
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "\n{}\n→ {what_to_do}\n", list.join("\n"));
}

/// Where one of `words` stands in code outside tests, as a word of its own.
fn in_code(sources: &[Source], words: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for line in source.lines().iter().filter(|line| !line.test) {
            let found = words.iter().filter(|word| contains_word(&line.code, word));
            findings.extend(found.map(|word| Finding::new(&source.path, line.number, *word)));
        }
    }
    findings
}

/// Whether `word` stands in `text` with nothing of a name around it.
fn contains_word(text: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let (starts, ends) = (word.starts_with(part_of_name), word.ends_with(part_of_name));
    text.match_indices(word).any(|(at, _)| {
        let before = starts && text[..at].ends_with(part_of_name);
        let after = ends && text[at + word.len()..].starts_with(part_of_name);
        !before && !after
    })
}

// What each crate may use.

const ROOMS: &[&str] = &["core", "server", "agent", "web", "tests", "xtask"];

/// Everything core may be built on. A new name here is a decision: it must do no I/O and know no clock, on wasm32 too.
/// The last two are behind the feature that exports core to JavaScript.
const CORE_MAY_USE: &[&str] = &[
    "bytes",
    "memchr",
    "pulldown-cmark",
    "serde",
    "serde_json",
    "similar",
    "thiserror",
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

#[test]
fn only_the_daemons_main_names_the_agent() -> anyhow::Result<()> {
    let mut findings = in_code(&source::rust(&["core", "server", "web", "tests", "xtask"])?, &["roost_agent"]);
    findings.retain(|finding| finding.path != "server/src/main.rs");
    expect_none(&findings, "the daemon knows the agent as a child process that speaks ACP, and as nothing else");
    Ok(())
}

// The law of the core.

#[test]
fn core_has_no_clock_no_io_no_async_and_no_chance() -> anyhow::Result<()> {
    let words = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "std::thread",
        "std::os",
        "stdin",
        "stdout",
        "stderr",
        "Instant",
        "SystemTime",
        "tokio",
        "futures",
        "async fn",
        ".await",
        "tracing",
        "rand",
        "println!",
        "eprintln!",
        "print!",
        "thread_local!",
        "Mutex",
        "RwLock",
    ];
    let findings = in_code(&source::rust(&["core"])?, &words);
    expect_none(&findings, "time is an argument, effects are return values; whoever owns a socket performs them");
    Ok(())
}

#[test]
fn core_never_depends_on_the_order_of_a_hash_table() -> anyhow::Result<()> {
    let findings = in_code(&source::rust(&["core"])?, &["HashMap", "HashSet"]);
    expect_none(&findings, "use BTreeMap or a Vec: the order of a hash table differs from run to run");
    Ok(())
}

// What reaches the page, and what a fault may do.

#[test]
fn the_page_never_makes_html_from_text() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    let doors = [
        "innerHTML",
        "inner_html",
        "outerHTML",
        "outer_html",
        "insertAdjacentHTML",
        "insert_adjacent_html",
        "document.write",
        "eval(",
        "new Function",
        "createContextualFragment",
        "DOMParser",
    ];
    for source in source::all()?.iter().filter(|source| source.room() == "web" || source.path == "index.html") {
        let parts = if source.is_rust() { source.lines() } else { Vec::new() };
        for (index, line) in source.text.lines().enumerate() {
            let comment = parts.get(index).map_or("", |part| part.comment.as_str());
            let found = doors.iter().filter(|door| line.contains(**door) && !comment.contains(**door));
            findings.extend(found.map(|door| Finding::new(&source.path, index + 1, *door)));
        }
    }
    expect_none(&findings, "build nodes and text; model and tool output must not become markup");
    Ok(())
}

#[test]
fn the_page_asks_for_time_and_storage_in_one_place() -> anyhow::Result<()> {
    let doors =
        ["local_storage()", "session_storage()", "push_state", "replace_state", "request_animation_frame", "Date::now"];
    let mut findings = in_code(&source::rust(&["web"])?, &doors);
    findings.retain(|finding| !finding.path.starts_with("web/src/browser"));
    expect_none(&findings, "ask web/src/browser");
    Ok(())
}

#[test]
fn nothing_unwraps_outside_tests() -> anyhow::Result<()> {
    let mut findings =
        in_code(&source::rust(ROOMS)?, &[".unwrap()", "panic!", "unreachable!", "todo!", "unimplemented!", "dbg!"]);
    // `const { NonZero::new(8).unwrap() }` is checked when it is compiled.
    findings
        .retain(|finding| !line_of(finding).is_some_and(|line| line.contains("const {") || line.contains("const ")));
    expect_none(&findings, "return the error, or `expect` with the reason why it cannot happen");
    Ok(())
}

fn line_of(finding: &Finding) -> Option<String> {
    let text = std::fs::read_to_string(program::repository().join(&finding.path)).ok()?;
    text.lines().nth(finding.line - 1).map(str::to_owned)
}

/// Where code may be unsafe, and what for.
const MAY_BE_UNSAFE: &[(&str, &str)] =
    &[("server/src/child/process.rs", "a hook between fork and exec, which the standard library has in no safe form")];

#[test]
fn no_code_is_unsafe_but_what_is_listed() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for source in source::rust(ROOMS)?.iter().filter(|source| !is_listed(source, MAY_BE_UNSAFE)) {
        for line in source.lines() {
            if contains_word(&line.code, "unsafe_code") || contains_word(&line.code, "unsafe") {
                findings.push(Finding::new(&source.path, line.number, line.code.trim()));
            }
        }
    }
    expect_none(&findings, "use a safe wrapper (rustix for system calls)");
    Ok(())
}

fn is_listed(source: &Source, list: &[(&str, &str)]) -> bool {
    list.iter().any(|(path, _)| *path == source.path)
}

// Files that are read for pleasure.

/// Longest a Rust file may be, in lines.
const MOST_LINES: usize = 500;

/// Files that may be longer, each with its reason.
const MAY_BE_LONGER: &[(&str, &str)] = &[];

#[test]
fn no_file_is_longer_than_one_can_read() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for source in source::rust(ROOMS)? {
        let lines = source.text.lines().count();
        if lines > MOST_LINES && !is_listed(&source, MAY_BE_LONGER) {
            findings.push(Finding::new(&source.path, lines, format!("{lines} lines, more than {MOST_LINES}")));
        }
    }
    expect_none(&findings, "split it by mechanism, `foo.rs` and `foo/`");
    Ok(())
}

#[test]
fn files_are_named_after_what_is_in_them() -> anyhow::Result<()> {
    let vague =
        ["mod.rs", "util.rs", "utils.rs", "helper.rs", "helpers.rs", "common.rs", "types.rs", "misc.rs", "manager.rs"];
    let sources = source::rust(ROOMS)?;
    let findings: Vec<Finding> = sources
        .iter()
        .filter(|source| vague.contains(&source.name()))
        .map(|source| Finding::new(&source.path, 1, source.name()))
        .collect();
    expect_none(&findings, "name the file after its main type; `foo.rs` beside `foo/` instead of `foo/mod.rs`");
    Ok(())
}

#[test]
fn every_file_says_in_its_first_line_what_it_is() -> anyhow::Result<()> {
    let silent = |source: &Source| !source.text.starts_with("//! ") && !source.is_part_of_a_test();
    let sources = source::rust(ROOMS)?;
    let findings: Vec<Finding> = sources
        .iter()
        .filter(|source| silent(source))
        .map(|source| Finding::new(&source.path, 1, "no `//!`"))
        .collect();
    expect_none(&findings, "begin the file with `//! ` and one sentence");
    Ok(())
}

#[test]
fn nothing_is_left_for_later() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for source in source::rust(ROOMS)? {
        for line in source.lines() {
            let marks = ["TODO", "FIXME", "XXX", "HACK"];
            let found = marks.iter().filter(|mark| contains_word(&line.comment, mark));
            findings.extend(found.map(|mark| Finding::new(&source.path, line.number, *mark)));
        }
    }
    expect_none(&findings, "finish it, or leave it out and say so where the plans are");
    Ok(())
}

#[test]
fn no_test_is_ignored_and_none_waits_by_sleeping() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for source in source::rust(ROOMS)? {
        let end_to_end = source.path.starts_with("tests/tests/");
        for line in source.lines() {
            if line.code.contains("#[ignore") || end_to_end && contains_word(&line.code, "sleep") {
                findings.push(Finding::new(&source.path, line.number, line.code.trim()));
            }
        }
    }
    expect_none(&findings, "wait for the event itself (roost_tests::deadline), and run every test or remove it");
    Ok(())
}

#[test]
fn comments_state_facts_and_not_where_they_were_read() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for source in source::rust(&["core", "server", "agent", "web"])? {
        for line in source.lines() {
            let comment = line.comment.to_lowercase();
            let found = ["upstream", "reference implementation"].into_iter().filter(|words| comment.contains(words));
            findings.extend(found.map(|words| Finding::new(&source.path, line.number, words)));
        }
    }
    expect_none(&findings, "say what is so, not whose code does the same");
    Ok(())
}

#[test]
fn no_file_names_the_machine_it_was_written_on() -> anyhow::Result<()> {
    let here = program::repository().display().to_string();
    let mut findings = Vec::new();
    for source in source::all()? {
        for (number, line) in source.text.lines().enumerate().filter(|(_, line)| line.contains(&here)) {
            findings.push(Finding::new(&source.path, number + 1, line.trim()));
        }
    }
    expect_none(&findings, "use a path relative to the repository, or one made at run time");
    Ok(())
}

// Documents.

#[test]
fn the_readme_names_the_two_commands() -> anyhow::Result<()> {
    let readme = std::fs::read_to_string(program::repository().join("README.md"))?;
    for command in ["cargo xtask serve", "cargo xtask test"] {
        assert!(readme.lines().any(|line| line.trim() == command), "README.md shows no line `{command}`");
    }
    Ok(())
}

#[test]
fn links_in_the_documents_lead_somewhere() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for source in source::all()?.iter().filter(|source| source.path.ends_with(".md")) {
        let folder = program::repository().join(&source.path);
        let folder = folder.parent().context("a file lies in a folder")?;
        for (number, line) in source.text.lines().enumerate() {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
                if !link.is_empty() && !link.contains("://") && !folder.join(link).exists() {
                    findings.push(Finding::new(&source.path, number + 1, link));
                }
            }
        }
    }
    expect_none(&findings, "mend the link");
    Ok(())
}

// What is built in.

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
