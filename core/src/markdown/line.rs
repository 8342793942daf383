//! One line on its way through the blocks it belongs to. Blanks count in columns: a tab reaches to the next multiple of four, and a block
//! may take only a part of it.

/// A line without its end, as far as it has not been consumed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    rest: &'a str,
    column: usize,
    /// Columns of a tab that was consumed in part.
    spare: usize,
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, column: 0, spare: 0 }
    }

    /// How many columns of blanks come next.
    pub(super) fn indent(&self) -> usize {
        let start = self.column + self.spare;
        let mut column = start;
        for byte in self.rest.bytes() {
            match byte {
                b' ' => column += 1,
                b'\t' => column += 4 - column % 4,
                _ => break,
            }
        }
        self.spare + column - start
    }

    /// What follows the blanks.
    pub(super) fn text(&self) -> &'a str {
        self.rest.trim_start_matches([' ', '\t'])
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text().is_empty()
    }

    /// Consumes so many columns of blanks, or as many as there are.
    pub(super) fn skip(&mut self, mut columns: usize) {
        while columns > 0 {
            if self.spare > 0 {
                let taken = self.spare.min(columns);
                self.spare -= taken;
                self.column += taken;
                columns -= taken;
                continue;
            }
            match self.rest.as_bytes().first() {
                Some(b' ') => self.spare = 1,
                Some(b'\t') => self.spare = 4 - self.column % 4,
                _ => return,
            }
            self.rest = &self.rest[1..];
        }
    }

    /// Consumes the blanks and the mark of `len` bytes behind them.
    pub(super) fn mark(&mut self, len: usize) {
        self.skip(self.indent());
        self.rest = &self.rest[len..];
        self.column += len;
    }

    /// All that is left, blanks included.
    pub(super) fn push_to(&self, text: &mut String) {
        text.extend(std::iter::repeat_n(' ', self.spare));
        text.push_str(self.rest);
    }
}

/// Cuts a text into its lines, each with the place where it begins.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let start = at;
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        at += end + if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        Some((start, &rest[..end]))
    })
}

/// `#` to `######`: the level, and what stands between the marks.
pub(super) fn heading(text: &str) -> Option<(u8, &str)> {
    let level = run(text, b'#');
    let content = &text[level..];
    if !(1..=6).contains(&level) || !(content.is_empty() || content.starts_with([' ', '\t'])) {
        return None;
    }
    let content = content.trim_matches([' ', '\t']);
    let open = content.trim_end_matches('#');
    let closed = open.is_empty() || open.ends_with([' ', '\t']);
    Some((level as u8, if closed { open.trim_end_matches([' ', '\t']) } else { content }))
}

/// The line under a heading: its level.
pub(super) fn underline(text: &str) -> Option<u8> {
    let text = text.trim_end_matches([' ', '\t']);
    let mark = *text.as_bytes().first()?;
    (run(text, mark) == text.len()).then_some(())?;
    match mark {
        b'=' => Some(1),
        b'-' => Some(2),
        _ => None,
    }
}

pub(super) fn is_rule(text: &str) -> bool {
    let Some(mark @ (b'*' | b'-' | b'_')) = text.as_bytes().first().copied() else { return false };
    text.bytes().all(|byte| byte == mark || matches!(byte, b' ' | b'\t')) && count(text, mark) >= 3
}

/// The fence that opens a block of code: its character, its length, and what is said about the code.
pub(super) fn fence(text: &str) -> Option<(u8, usize, &str)> {
    let mark = *text.as_bytes().first().filter(|byte| matches!(byte, b'`' | b'~'))?;
    let len = run(text, mark);
    let info = text[len..].trim_matches([' ', '\t']);
    (len >= 3 && !(mark == b'`' && info.contains('`'))).then_some((mark, len, info))
}

/// The mark an item of a list begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bullet {
    /// Items of one list share it.
    pub(super) kind: u8,
    /// Of an ordered list.
    pub(super) number: Option<u64>,
    pub(super) len: usize,
}

pub(super) fn bullet(text: &str) -> Option<Bullet> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let kind = *text.as_bytes().get(digits)?;
    let number = match (kind, digits) {
        (b'-' | b'+' | b'*', 0) => None,
        (b'.' | b')', 1..=9) => Some(text[..digits].parse().ok()?),
        _ => return None,
    };
    let after = &text[digits + 1..];
    (after.is_empty() || after.starts_with([' ', '\t'])).then_some(Bullet { kind, number, len: digits + 1 })
}

/// How often `mark` stands at the front.
pub(super) fn run(text: &str, mark: u8) -> usize {
    text.bytes().take_while(|byte| *byte == mark).count()
}

fn count(text: &str, mark: u8) -> usize {
    text.bytes().filter(|byte| *byte == mark).count()
}
