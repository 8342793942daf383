//! Who answers what was typed into the composer.

use super::{Action, Catalogue, Line};

/// What a page does with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<'t> {
    /// There is nothing to send.
    Nothing,
    /// Perform it: by the page itself or a route of the daemon, see [`Action::executor`].
    Perform { action: Action, args: &'t str },
    /// Send it as a prompt: the agent knows the command.
    Forward { text: &'t str },
    /// Send it as a prompt: it is ordinary text.
    Prompt { text: &'t str },
    /// Run it in the session's shell.
    Shell { command: &'t str },
    /// It looks like a command and is none: ask before it is sent as text. `nearest` is what may have been meant.
    Unknown { text: &'t str, name: &'t str, nearest: Option<String> },
}

impl Catalogue {
    /// Decides for the text of a composer; white space around it does not count.
    #[must_use]
    pub fn route<'t>(&self, text: &'t str) -> Route<'t> {
        let text = text.trim();
        if text.is_empty() {
            return Route::Nothing;
        }
        if let Some(command) = text.strip_prefix('!').map(str::trim) {
            return if command.is_empty() { Route::Nothing } else { Route::Shell { command } };
        }
        let Some(Line { name, args }) = Line::parse(text) else {
            return Route::Prompt { text };
        };
        let Some(command) = self.find(name) else {
            let nearest = self.nearest(name).map(|command| command.name.clone());
            return Route::Unknown { text, name, nearest };
        };
        match command.action {
            Some(action) if !command.advertised || action.claims(args) => Route::Perform { action, args },
            Some(_) | None => Route::Forward { text },
        }
    }
}
