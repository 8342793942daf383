//! What is written to the terminal, and what must not be.

use std::{
    borrow::Cow,
    io::{self, IsTerminal, Write},
};

use roost_core::markdown::{Piece, pieces};

use super::RemoteError;

/// Text as a terminal may show it: the words of a model or a tool must not move its cursor, retitle or reprogram it.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    let is_command = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.contains(is_command) { text.replace(is_command, "\u{fffd}").into() } else { text.into() }
}

/// One line of such text, of at most `most` characters. People decide by it: what nobody would see, or what turns text around, is named.
pub(super) fn headline(text: &str, most: usize) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let shown = |piece| match piece {
        Piece::Plain(text) => Cow::Borrowed(text),
        Piece::Hidden(hidden) => Cow::Owned(format!("<{}>", hidden.label())),
    };
    let line: String = pieces(line).map(shown).collect();
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Writes to stdout, at once. A pipe gets the text as it is; a terminal gets it made harmless.
pub(super) fn print(text: &str) -> Result<(), RemoteError> {
    let mut stdout = io::stdout().lock();
    let text = if stdout.is_terminal() { harmless(text) } else { text.into() };
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(RemoteError::Output)
}

/// One JSON value as a line of its own.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), RemoteError> {
    let mut line = serde_json::to_string(value).map_err(|error| RemoteError::Output(error.into()))?;
    line.push('\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).map_err(RemoteError::Output)
}

/// A line on stderr. That nobody reads it is not a reason to stop.
pub(super) fn remark(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_cannot_command_the_terminal() {
        assert_eq!(
            harmless("a\u{1b}]0;owned\u{7}b\r\u{9b}2J\n\tc"),
            "a\u{fffd}]0;owned\u{fffd}b\u{fffd}\u{fffd}2J\n\tc"
        );
        assert!(matches!(harmless("plain\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_headline_is_one_short_line() {
        assert_eq!(headline("\n  first\nsecond", 80), "first");
        assert_eq!(headline("abcdef", 4), "abc…");
    }

    #[test]
    fn a_headline_shows_what_is_meant_to_be_overlooked() {
        assert_eq!(headline("rm \u{202e}txt.a\u{200b}\u{1b}[8m", 80), "rm <U+202E>txt.a<U+200B><U+001B>[8m");
        assert_eq!(headline("Müller ✓ 猫", 80), "Müller ✓ 猫");
    }
}
