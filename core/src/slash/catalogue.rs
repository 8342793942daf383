//! Every command a composer offers, each name once.

use super::{Action, Command, Subcommand, local, nearest};

/// The commands of a page: its own, and what the session's agent advertises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    commands: Vec<Command>,
}

impl Catalogue {
    /// Merges the page's own commands, of which it performs those it `supports`, with the `advertised` ones.
    ///
    /// A name on both sides is one command: the page's description and hint count where it has them, aliases and
    /// subcommands add up. The page's commands come first, in their order.
    #[must_use]
    pub fn new(supports: impl Fn(Action) -> bool, advertised: impl IntoIterator<Item = Command>) -> Self {
        let mut catalogue = Self { commands: local::commands(supports).collect() };
        for command in advertised {
            match catalogue.commands.iter_mut().find(|known| known.name == command.name) {
                Some(known) => known.merge(command),
                None => catalogue.commands.push(command),
            }
        }
        for command in &mut catalogue.commands {
            command.destructive |= local::is_destructive(&command.name);
        }
        catalogue
    }

    /// In the order of an empty palette.
    #[must_use]
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// The command of exactly this name, or else of this alias.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Command> {
        let by_alias = || self.commands.iter().find(|command| command.aliases.iter().any(|alias| alias == name));
        self.commands.iter().find(|command| command.name == name).or_else(by_alias)
    }

    /// The command whose name or alias is most like `typed`, when one is like it at all.
    #[must_use]
    pub fn nearest(&self, typed: &str) -> Option<&Command> {
        let distance = |command: &Command| command.names().filter_map(|name| nearest::distance(typed, name)).min();
        self.commands
            .iter()
            .filter_map(|command| Some((distance(command)?, command)))
            .min_by_key(|(distance, command)| (*distance, command.name.len(), command.name.as_str()))
            .map(|(_, command)| command)
    }
}

impl Command {
    /// Adds what `other`, of the same name, knows beyond this one.
    fn merge(&mut self, other: Self) {
        if self.description.is_empty() {
            self.description = other.description;
        }
        if self.hint.is_empty() {
            self.hint = other.hint;
        }
        if self.source_label.is_empty() {
            self.source_label = other.source_label;
        }
        for alias in other.aliases {
            if alias != self.name && !self.aliases.contains(&alias) {
                self.aliases.push(alias);
            }
        }
        for subcommand in other.subcommands {
            self.add_subcommand(subcommand);
        }
        self.accepts_input |= other.accepts_input;
        self.advertised |= other.advertised;
        self.action = self.action.or(other.action);
    }

    fn add_subcommand(&mut self, subcommand: Subcommand) {
        if !self.subcommands.iter().any(|known| known.name == subcommand.name) {
            self.subcommands.push(subcommand);
        }
    }
}
