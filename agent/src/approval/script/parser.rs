//! Finds the simple commands of a line, and those in its substitutions and groups.

use super::{Redirect, Script, Simple, Word};

/// Words that only structure a command line.
const KEYWORDS: [&str; 12] = ["if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "{", "}"];
/// Nested substitutions followed at most.
const MAX_DEPTH: usize = 16;

/// Reads a line character by character, and what is substituted in it by a parser of its own.
pub(super) struct Parser<'a> {
    rest: Vec<char>,
    at: usize,
    depth: usize,
    script: &'a mut Script,
    is_substituted: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(line: &str, script: &'a mut Script) -> Self {
        Self { rest: line.chars().collect(), at: 0, depth: 0, script, is_substituted: false }
    }

    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn peek_after(&self) -> Option<char> {
        self.rest.get(self.at + 1).copied()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    pub(super) fn run(&mut self) {
        let mut current = self.fresh();
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' => self.at += 1,
                '\\' if self.peek_after() == Some('\n') => self.at += 2,
                '#' => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                ';' | '\n' | '|' | '&' if !(next == '&' && self.peek_after() == Some('>')) => {
                    self.at += 1;
                    self.finish(&mut current);
                }
                // A group or a function: its inside is judged like the rest, but nothing is allowed by its parts.
                '(' | ')' => {
                    self.at += 1;
                    self.script.is_opaque = true;
                    self.finish(&mut current);
                }
                '<' | '>' | '&' => self.redirect(&mut current),
                _ => self.word(&mut current),
            }
        }
        self.finish(&mut current);
    }

    fn fresh(&self) -> Simple {
        Simple { is_substituted: self.is_substituted, ..Simple::default() }
    }

    fn finish(&mut self, current: &mut Simple) {
        let fresh = self.fresh();
        let done = std::mem::replace(current, fresh);
        if !(done.words.is_empty() && done.redirects.is_empty() && done.assignments.is_empty()) {
            self.script.commands.push(done);
        }
    }

    fn word(&mut self, current: &mut Simple) {
        let start = self.at;
        let word = self.read_word(current);
        let is_first = current.words.is_empty();
        let raw: String = self.rest[start..self.at].iter().collect();
        if is_first && KEYWORDS.contains(&raw.as_str()) {
            self.script.is_opaque |= !matches!(raw.as_str(), "!");
        } else if is_first && matches!(raw.as_str(), "for" | "case" | "select" | "function" | "coproc" | "[[") {
            self.script.is_opaque = true;
            current.words.push(word);
        } else if is_first && is_assignment(&raw) {
            current.assignments.push(word.text);
        } else {
            let is_descriptor = raw.chars().all(|c| c.is_ascii_digit()) && matches!(self.peek(), Some('<' | '>'));
            if !is_descriptor {
                current.words.push(word);
            }
        }
    }

    fn redirect(&mut self, current: &mut Simple) {
        let mut operator = String::new();
        while let Some(c) = self.peek().filter(|c| "<>&|".contains(*c)) {
            // `<(` and `>(` are process substitutions.
            operator.push(c);
            self.at += 1;
        }
        if self.peek() == Some('(') {
            current.is_substituted = true;
            self.at += 1;
            self.substitution(')');
            return;
        }
        // Here-documents bring text of their own, which is not looked into.
        if operator.starts_with("<<") {
            self.script.is_opaque = true;
        }
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.at += 1;
        }
        let target = self.read_word(current);
        let is_duplicate = operator.ends_with('&') && (target.text == "-" || target.text.parse::<u8>().is_ok());
        if !is_duplicate {
            current.redirects.push(Redirect { writes: operator.contains('>'), target });
        }
    }

    fn read_word(&mut self, current: &mut Simple) -> Word {
        let mut word = Word::default();
        let is_start = |word: &Word| word.text.is_empty();
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' | '\n' | ';' | '|' | '&' | '<' | '>' | '(' | ')' => break,
                '\\' => {
                    self.at += 1;
                    match self.take() {
                        Some('\n') => {}
                        Some(escaped) => word.text.push(escaped),
                        None => self.script.is_opaque = true,
                    }
                }
                '\'' => {
                    self.at += 1;
                    self.single_quoted(&mut word);
                }
                '"' => {
                    self.at += 1;
                    self.double_quoted(&mut word, current);
                }
                '$' => self.dollar(&mut word, current),
                '`' => {
                    self.at += 1;
                    self.backquoted(&mut word, current);
                }
                _ => {
                    word.expands |= matches!(next, '*' | '?' | '[' | '{') || (next == '~' && is_start(&word));
                    word.text.push(next);
                    self.at += 1;
                }
            }
        }
        word
    }

    fn single_quoted(&mut self, word: &mut Word) {
        loop {
            match self.take() {
                Some('\'') => return,
                Some(c) => word.text.push(c),
                None => {
                    self.script.is_opaque = true;
                    return;
                }
            }
        }
    }

    fn double_quoted(&mut self, word: &mut Word, current: &mut Simple) {
        while let Some(next) = self.peek() {
            match next {
                '"' => {
                    self.at += 1;
                    return;
                }
                '\\' => {
                    self.at += 1;
                    if let Some(escaped) = self.take() {
                        if !matches!(escaped, '"' | '\\' | '$' | '`' | '\n') {
                            word.text.push('\\');
                        }
                        word.text.push(escaped);
                    }
                }
                '$' => self.dollar(word, current),
                '`' => {
                    self.at += 1;
                    self.backquoted(word, current);
                }
                _ => {
                    word.text.push(next);
                    self.at += 1;
                }
            }
        }
        self.script.is_opaque = true;
    }

    fn dollar(&mut self, word: &mut Word, current: &mut Simple) {
        word.expands = true;
        word.text.push('$');
        self.at += 1;
        match self.peek() {
            Some('(') => {
                current.is_substituted = true;
                self.at += 1;
                let inner = self.substitution(')');
                word.text.push('(');
                word.text.push_str(&inner);
                word.text.push(')');
            }
            // Quoting and arithmetic of other kinds are not looked into.
            Some('\'' | '"' | '{') => self.script.is_opaque = true,
            _ => {}
        }
    }

    fn backquoted(&mut self, word: &mut Word, current: &mut Simple) {
        current.is_substituted = true;
        word.expands = true;
        let inner = self.substitution('`');
        word.text.push_str(&inner);
    }

    /// Reads up to the closing character, respecting quotes and nesting, and parses what is inside.
    fn substitution(&mut self, close: char) -> String {
        let start = self.at;
        let (mut depth, mut quote) = (0, None);
        loop {
            let Some(next) = self.take() else {
                self.script.is_opaque = true;
                break;
            };
            match (quote, next) {
                (None, '\\') | (Some('"'), '\\') => self.at += 1,
                (Some(open), c) if c == open => quote = None,
                (None, '\'' | '"') => quote = Some(next),
                (None, '(') if close == ')' => depth += 1,
                (None, c) if c == close && depth == 0 => break,
                (None, ')') => depth -= 1,
                _ => {}
            }
        }
        let end = self.at.min(self.rest.len());
        let inner: Vec<char> = self.rest[start.min(end)..end].to_vec();
        let inner = inner.strip_suffix(&[close]).unwrap_or(&inner).to_vec();
        let text = inner.iter().collect();
        if self.depth >= MAX_DEPTH {
            self.script.is_opaque = true;
            return text;
        }
        let depth = self.depth + 1;
        Parser { rest: inner, at: 0, depth, script: self.script, is_substituted: true }.run();
        text
    }
}

fn is_assignment(raw: &str) -> bool {
    raw.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
