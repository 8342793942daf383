//! Files that are read for pleasure: short, named after what is in them, finished, and at home on any machine.

use roost_tests::{
    program,
    source::{self, Source},
};

use crate::{
    ROOMS,
    finding::{Finding, contains_word, expect_none, is_listed},
};

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

/// Folders of somebody's machine. `/home/me` and the like are nobody's, and fine in a test.
const MACHINES: &[&str] = &["/root/", "/Users/", "/tmp/upstream"];

#[test]
fn no_file_names_the_machine_it_was_written_on() -> anyhow::Result<()> {
    let here = program::repository();
    // A folder right below the root says nothing of a machine: `/workspace` is also a route.
    let here = (here.components().count() > 2).then(|| here.display().to_string());
    let mut findings = Vec::new();
    // This file names what it looks for.
    for source in source::all()?.iter().filter(|source| source.path != "tests/tests/tidy/files.rs") {
        for (number, line) in source.text.lines().enumerate() {
            let elsewhere = line.replace("/proc/self/root/", "");
            let names_here = here.as_ref().is_some_and(|here| line.contains(here));
            if names_here || MACHINES.iter().any(|folder| elsewhere.contains(folder)) {
                findings.push(Finding::new(&source.path, number + 1, line.trim()));
            }
        }
    }
    expect_none(&findings, "use a path relative to the repository, or one made at run time");
    Ok(())
}

#[test]
fn no_lock_file_names_the_registry_it_was_made_with() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for source in source::all()?.iter().filter(|source| source.name() == "package-lock.json") {
        let lines = source.text.lines().enumerate().filter(|(_, line)| line.contains("\"resolved\""));
        findings.extend(lines.map(|(number, line)| Finding::new(&source.path, number + 1, line.trim())));
    }
    expect_none(&findings, "npm leaves it out with `omit-lockfile-registry-resolved`; see `.npmrc` in `tests/sdk`");
    Ok(())
}
