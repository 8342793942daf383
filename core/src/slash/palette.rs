//! The palette: what to offer for a composer's text, and what the keys mean there.

mod arguments;
mod keys;
mod menu;
mod names;

use std::collections::BTreeMap;

use super::{Catalogue, Line, Route, ValueKind, escape};
use menu::Stage;

pub use keys::{Enter, OnEnter};
pub use menu::{Edit, Group, Menu, NoSuchCommand, Row, RowKind};

/// Completes, ranks and hints over one catalogue.
///
/// ```
/// # use roost_core::slash::{Catalogue, Context, Enter, Palette};
/// let palette = Palette::new(Catalogue::new(|_| true, []));
/// let menu = palette.suggest("/mod", 4, &Context::default());
/// assert_eq!(menu.rows[0].label, "/model");
/// let Enter::Complete(edit) = menu.enter(None) else { panic!("it takes an argument") };
/// assert_eq!(edit.text, "/model ");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    catalogue: Catalogue,
}

/// What the page knows at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Names of commands used lately, the latest first.
    pub recent: Vec<String>,
    /// The values of each kind, in the order to offer them.
    pub values: BTreeMap<ValueKind, Vec<Value>>,
    /// Commands that cannot run now, by name, with the reason. They are listed all the same.
    pub unavailable: BTreeMap<String, String>,
}

/// A value to complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// What is written into the line.
    pub text: String,
    /// What the row shows; the text when empty.
    pub label: String,
    pub description: String,
    /// It is the one in force.
    pub current: bool,
}

impl Palette {
    #[must_use]
    pub fn new(catalogue: Catalogue) -> Self {
        Self { catalogue }
    }

    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// See [`Catalogue::route`].
    #[must_use]
    pub fn route<'t>(&self, text: &'t str) -> Route<'t> {
        self.catalogue.route(text)
    }

    /// `text` as a prompt that runs no command (Ctrl+Enter): one the agent would take for a known command is escaped.
    #[must_use]
    pub fn as_plain_text(&self, text: &str) -> String {
        let text = text.trim();
        let known = Line::parse(text).is_some_and(|line| self.catalogue.find(line.name).is_some());
        if known { escape(text).into_owned() } else { text.to_owned() }
    }

    /// What to offer for `text` with the caret behind its first `caret` bytes.
    #[must_use]
    pub fn suggest(&self, text: &str, caret: usize, context: &Context) -> Menu {
        let Some(rest) = text.strip_prefix('/') else {
            return self.plain(text);
        };
        if rest.is_empty() || Line::parse(text).is_some() && !rest.contains(char::is_whitespace) {
            return names::menu(&self.catalogue, text, context);
        }
        match Line::parse(text) {
            Some(line) => arguments::menu(&self.catalogue, text, line, text.floor_char_boundary(caret), context),
            None => self.plain(text),
        }
    }

    /// A text that is no command line. Tab may still make it one: a bare word that starts a command's name.
    fn plain(&self, text: &str) -> Menu {
        let stage = if text.trim().is_empty() { Stage::Blank } else { Stage::Text };
        let is_word = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '/');
        let menu = Menu::closed(text, stage);
        if !is_word {
            return menu;
        }
        let starts = |name: &str| name.starts_with(text);
        let best = names::ranked(&self.catalogue, text, &[]).into_iter().map(|(command, _)| command);
        let command = best.into_iter().find(|command| starts(&command.name));
        Menu { on_tab: command.map(|command| Edit::at_end(format!("/{} ", command.name))), ..menu }
    }
}
