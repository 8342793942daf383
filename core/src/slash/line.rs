//! One command line: a name and the raw rest.

use std::{borrow::Cow, fmt};

/// A text that is a command line. Whether the command exists is another question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The first word, without its slash: never empty, without white space, `/` and `\`.
    pub name: &'a str,
    /// Everything after the name, trimmed; inner spacing and quotes untouched.
    pub args: &'a str,
}

impl<'a> Line<'a> {
    /// Reads a text whose first character is the slash. `//…`, `/*…` and paths are text, `/ name` is a command.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix('/')?.trim_start();
        let (name, args) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
        let is_name = !name.is_empty() && !name.starts_with('*') && !name.contains(['/', '\\']);
        is_name.then(|| Self { name, args: args.trim() })
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, args } = self;
        if args.is_empty() { write!(f, "/{name}") } else { write!(f, "/{name} {args}") }
    }
}

/// `text` as one that no parser takes for a command: [`unescape`] gives it back.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.trim_start_matches('\\').starts_with('/') { format!("\\{text}").into() } else { text.into() }
}

/// `text` as it was meant: the backslash that kept a leading slash from being a command is gone.
#[must_use]
pub fn unescape(text: &str) -> &str {
    match text.strip_prefix('\\') {
        Some(meant) if meant.trim_start_matches('\\').starts_with('/') => meant,
        _ => text,
    }
}
