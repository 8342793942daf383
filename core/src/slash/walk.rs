//! Finding what a line names in a tree of commands: the agent's side.

use super::Line;

/// A command of a tree.
pub trait Node: Sized {
    fn name(&self) -> &str;

    /// Other names it answers to.
    fn aliases(&self) -> impl Iterator<Item = &str>;

    fn subcommands(&self) -> &[Self];
}

/// Where a walk ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'n, 'a, N> {
    /// The deepest command the line names.
    pub command: &'n N,
    /// The words that led there, as they were typed.
    pub typed: Vec<&'a str>,
    /// The raw text behind them, trimmed.
    pub args: &'a str,
}

/// Follows `line` from `roots` as deep as its words name subcommands. Names are case-sensitive and win over aliases.
#[must_use]
pub fn walk<'n, 'a, N: Node>(roots: &'n [N], line: Line<'a>) -> Option<Found<'n, 'a, N>> {
    let mut found = Found { command: named(roots, line.name)?, typed: vec![line.name], args: line.args };
    loop {
        let (word, rest) = first_word(found.args);
        let Some(command) = named(found.command.subcommands(), word) else { return Some(found) };
        found.command = command;
        found.typed.push(word);
        found.args = rest;
    }
}

fn named<'n, N: Node>(nodes: &'n [N], name: &str) -> Option<&'n N> {
    let by_alias = || nodes.iter().find(|node| node.aliases().any(|alias| alias == name));
    nodes.iter().find(|node| node.name() == name).or_else(by_alias)
}

/// The first word of a trimmed text, and the rest, trimmed.
pub(super) fn first_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    (word, rest.trim_start())
}
