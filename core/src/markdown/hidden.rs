//! Characters that nobody sees, or that turn text around: a command or a piece of code must not look like another one.

/// A stretch of text for display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Plain(&'a str),
    Hidden(Hidden),
}

/// A character that has to be made visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden(pub char);

impl Hidden {
    /// Its code point, as in `U+202E`.
    #[must_use]
    pub fn label(self) -> String {
        format!("U+{:04X}", u32::from(self.0))
    }
}

/// Cuts `text` so that every hidden character stands alone. Line breaks and tabs are not hidden.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let len = if is_hidden(first) { first.len_utf8() } else { rest.find(is_hidden).unwrap_or(rest.len()) };
        let (head, tail) = rest.split_at(len);
        rest = tail;
        Some(if is_hidden(first) { Piece::Hidden(Hidden(first)) } else { Piece::Plain(head) })
    })
}

pub(super) fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}
