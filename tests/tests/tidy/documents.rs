//! Documents that keep what they promise.

use std::{collections::BTreeSet, process::Command};

use anyhow::Context;
use roost_tests::{program, source};

use crate::finding::{Finding, expect_none};

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

// The guide and the commands.

/// The flags in a text: `--port` and the like. Those of other programs are not ours.
fn flags(text: &str) -> BTreeSet<String> {
    let is_flag = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let words = text.split(|c: char| !is_flag(c)).filter(|word| word.starts_with("--") && word.len() > 3);
    words.map(str::to_owned).collect()
}

/// The flags that `roost <command> --help` shows.
fn flags_of(command: &str) -> anyhow::Result<BTreeSet<String>> {
    let output = Command::new(program::roost()?).args([command, "--help"]).output()?;
    anyhow::ensure!(output.status.success(), "roost {command} --help: {}", output.status);
    Ok(flags(&String::from_utf8(output.stdout)?))
}

#[test]
fn the_guide_explains_every_flag_of_every_command_and_no_other() -> anyhow::Result<()> {
    let guide = std::fs::read_to_string(program::repository().join("docs/GUIDE.md"))?;
    let explained = flags(&guide);
    let mut known = BTreeSet::new();
    for command in ["serve", "agent", "prompt", "sessions", "attach"] {
        known.extend(flags_of(command)?);
    }
    let missing: Vec<&String> =
        known.difference(&explained).filter(|flag| !EVERYWHERE.contains(&flag.as_str())).collect();
    let unknown: Vec<&String> = explained.difference(&known).filter(|flag| !OTHERS.contains(&flag.as_str())).collect();
    assert!(missing.is_empty(), "docs/GUIDE.md does not explain {missing:?}");
    assert!(unknown.is_empty(), "docs/GUIDE.md explains {unknown:?}, which no command has");
    assert!(known.len() > 40, "the help shows {} flags only", known.len());
    Ok(())
}

/// Flags that every command has, and that need no explanation.
const EVERYWHERE: &[&str] = &["--help", "--version"];
/// Flags of other programs in the guide's examples.
const OTHERS: &[&str] = &["--acp"];
