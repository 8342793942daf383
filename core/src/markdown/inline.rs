//! Running text: code, links, images, emphasis, breaks.

use super::{
    CodeText, Href, Inline, address,
    emphasis::{self, Bracket, Run, Token},
    entity::entity,
    html,
    line::run,
    target,
};

/// Reads the text of one block.
pub(super) fn read(text: &str) -> Vec<Inline> {
    let mut reader = Reader { text, ..Reader::default() };
    while let Some(first) = reader.rest().as_bytes().first().copied() {
        reader.step(first);
    }
    reader.flush();
    address::linked(emphasis::nested(reader.tokens).0)
}

#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// Text that has been read and is no token yet.
    plain: String,
    /// Where in `tokens` brackets are open.
    brackets: Vec<usize>,
    /// Lengths of backtick runs, and ends of HTML, that were looked for in vain: nothing later in the text has them either.
    no_code: Vec<usize>,
    no_html: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn step(&mut self, first: u8) {
        match first {
            b'\\' => self.escape(),
            b'`' => self.code(),
            b'*' | b'_' | b'~' => self.mark(first),
            b'[' => self.open(1),
            b'!' if self.rest().starts_with("![") => self.open(2),
            b']' => self.close(),
            b'<' => self.angle(),
            b'&' => match entity(self.rest()) {
                Some((character, len)) => {
                    self.plain.push(character);
                    self.at += len;
                }
                None => self.take(1),
            },
            b'\n' => {
                let hard = self.text[..self.at].ends_with("  ");
                self.line_break(hard);
            }
            _ => {
                let special = |byte: &u8| b"\\`*_~[]!<&\n".contains(byte);
                let len = self.rest().bytes().skip(1).position(|byte| special(&byte));
                self.take(len.map_or(self.rest().len(), |len| len + 1));
            }
        }
    }

    /// The next bytes are only text.
    fn take(&mut self, len: usize) {
        self.plain.push_str(&self.rest()[..len]);
        self.at += len;
    }

    fn flush(&mut self) {
        if !self.plain.is_empty() {
            let text = std::mem::take(&mut self.plain);
            self.push(Inline::Text(text), 0);
        }
    }

    fn push(&mut self, inline: Inline, depth: usize) {
        self.flush();
        self.tokens.push(Token::Done(inline, depth));
    }

    fn line_break(&mut self, hard: bool) {
        self.at += 1;
        let kept = self.plain.trim_end_matches([' ', '\t']).len();
        self.plain.truncate(kept);
        self.push(if hard { Inline::HardBreak } else { Inline::SoftBreak }, 0);
    }

    fn escape(&mut self) {
        self.at += 1;
        match self.rest().as_bytes().first() {
            Some(b'\n') => self.line_break(true),
            Some(byte) if byte.is_ascii_punctuation() => self.take(1),
            Some(_) | None => self.plain.push('\\'),
        }
    }

    fn code(&mut self) {
        let len = run(self.rest(), b'`');
        let Some(code) = code_of(&self.rest()[len..], len).filter(|_| !self.no_code.contains(&len)) else {
            self.no_code.push(len);
            return self.take(len);
        };
        self.at += 2 * len + code.len();
        let code = code.replace('\n', " ");
        let padded = code.strip_prefix(' ').and_then(|code| code.strip_suffix(' '));
        let code = padded.filter(|code| !code.trim_matches(' ').is_empty()).unwrap_or(&code);
        self.push(Inline::Code(CodeText::new(code)), 0);
    }

    /// A run of marks that may begin or end emphasis, by what is on either side of it.
    fn mark(&mut self, mark: u8) {
        let len = run(self.rest(), mark);
        let before = self.text[..self.at].chars().next_back().unwrap_or('\n');
        let after = self.rest()[len..].chars().next().unwrap_or('\n');
        let opens = !after.is_whitespace() && (!is_punctuation(after) || stands_apart(before));
        let closes = !before.is_whitespace() && (!is_punctuation(before) || stands_apart(after));
        let (opens, closes) = match mark {
            // One alone is more often a word for "about" than a mark.
            b'_' | b'~' if mark == b'_' || len == 1 => {
                (opens && (!closes || is_punctuation(before)), closes && (!opens || is_punctuation(after)))
            }
            b'~' if len > 2 => (false, false),
            _ => (opens, closes),
        };
        if opens || closes {
            self.flush();
            self.tokens.push(Token::Run(Run { mark, len, left: len, opens, closes }));
            self.at += len;
        } else {
            self.take(len);
        }
    }

    fn open(&mut self, len: usize) {
        self.flush();
        self.brackets.push(self.tokens.len());
        self.tokens.push(Token::Bracket(Bracket { is_image: len == 2, is_dead: false }));
        self.at += len;
    }

    fn close(&mut self) {
        let Some(place) = self.brackets.pop() else { return self.take(1) };
        self.flush();
        let Some(Token::Bracket(bracket)) = self.tokens.get(place).cloned() else { return self.take(1) };
        let found = if bracket.is_dead { None } else { target::read(&self.rest()[1..]) };
        let Some((address, len)) = found else {
            self.tokens[place] = Token::Done(Inline::Text(bracket.text().to_owned()), 0);
            return self.take(1);
        };
        self.at += 1 + len;
        let (text, depth) = emphasis::nested(self.tokens.split_off(place + 1));
        self.tokens.pop();
        if bracket.is_image {
            let label = plain(&text);
            return self.push(Inline::Image { href: Href::parse(&address), target: address, label }, 0);
        }
        // A link holds no other link.
        for place in &self.brackets {
            if let Some(Token::Bracket(outer)) = self.tokens.get_mut(*place) {
                outer.is_dead |= !outer.is_image;
            }
        }
        self.push(link(address, text), depth + 1);
    }

    fn angle(&mut self) {
        if let Some(inside) = target::address(self.rest()) {
            self.at += inside.len() + 2;
            let address = if target::has_scheme(inside) { inside.to_owned() } else { format!("mailto:{inside}") };
            return self.push(link(address, vec![Inline::Text(inside.to_owned())]), 1);
        }
        match html::inline(self.rest(), &mut self.no_html) {
            Some(len) => self.take(len),
            None => self.take(1),
        }
    }
}

/// The code before the next run of exactly so many backticks.
fn code_of(text: &str, len: usize) -> Option<&str> {
    let mut at = 0;
    loop {
        at += text[at..].find('`')?;
        let found = run(&text[at..], b'`');
        if found == len {
            return Some(&text[..at]);
        }
        at += found;
    }
}

fn stands_apart(neighbour: char) -> bool {
    neighbour.is_whitespace() || is_punctuation(neighbour)
}

/// Punctuation and symbols: of ASCII exactly, beyond it what is neither letter, digit nor blank, nor joined to the character before it.
fn is_punctuation(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_punctuation();
    }
    let joined = matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{e0000}'..='\u{e01ef}');
    !joined && !c.is_alphanumeric() && !c.is_whitespace() && !super::hidden::is_hidden(c)
}

pub(super) fn link(target: String, text: Vec<Inline>) -> Inline {
    match Href::parse(&target) {
        Some(href) => Inline::Link { href, text },
        None => Inline::Unlinked { target, text },
    }
}

/// The text of `inlines` without any marks.
fn plain(inlines: &[Inline]) -> String {
    let mut text = String::new();
    for inline in inlines {
        match inline {
            Inline::Text(piece) => text.push_str(piece),
            Inline::Code(code) => text.push_str(code.as_str()),
            Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Strike(inner) => text.push_str(&plain(inner)),
            Inline::Link { text: inner, .. } | Inline::Unlinked { text: inner, .. } => text.push_str(&plain(inner)),
            Inline::Image { label, .. } => text.push_str(label),
            Inline::SoftBreak | Inline::HardBreak => text.push(' '),
        }
    }
    text
}
