//! Which marks belong together: the rules of CommonMark for runs of `*`, `_` and `~`.

use super::Inline;

/// Emphasis inside emphasis, at most. What is nested deeper stands in the innermost one that is kept.
pub(super) const MAX_DEPTH: usize = 8;

/// What a text has been cut into.
#[derive(Clone, Debug)]
pub(super) enum Token {
    /// Read, with so many levels of nodes in it.
    Done(Inline, usize),
    Run(Run),
    Bracket(Bracket),
}

/// Equal marks in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) mark: u8,
    /// How many there were, and how many have found no partner yet.
    pub(super) len: usize,
    pub(super) left: usize,
    pub(super) opens: bool,
    pub(super) closes: bool,
}

/// `[` or `![`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bracket {
    pub(super) is_image: bool,
    /// It stands before a link, so it cannot begin one.
    pub(super) is_dead: bool,
}

impl Bracket {
    pub(super) fn text(self) -> &'static str {
        if self.is_image { "![" } else { "[" }
    }
}

impl Run {
    /// How many marks of each these two runs pair off; 0 when they do not belong together.
    fn pairs(self, closer: Self) -> usize {
        let fits = self.mark == closer.mark && self.opens && self.left > 0;
        if !fits {
            return 0;
        }
        if self.mark == b'~' {
            return if self.len == closer.len { self.len } else { 0 };
        }
        let mixed = self.closes || closer.opens;
        let odd = mixed
            && (self.len + closer.len).is_multiple_of(3)
            && !(self.len.is_multiple_of(3) && closer.len.is_multiple_of(3));
        if odd { 0 } else { self.left.min(closer.left).min(2) }
    }

    /// Which openers a closer of this kind would accept: two that accept the same share what they know.
    fn class(self) -> usize {
        let mark = match self.mark {
            b'*' => 0,
            b'_' => 1,
            _ => 2,
        };
        let len = if self.mark == b'~' { self.len } else { self.len % 3 };
        (mark * 3 + len) * 2 + usize::from(self.opens)
    }

    fn text(self) -> String {
        char::from(self.mark).to_string().repeat(self.left)
    }
}

/// The nodes of these tokens, and how many levels there are in them.
pub(super) fn nested(tokens: Vec<Token>) -> (Vec<Inline>, usize) {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    // No opener for a closer of this class is before this place.
    let mut bottoms = [0; 18];
    for token in tokens {
        match token {
            Token::Run(run) => close(run, &mut out, &mut bottoms),
            Token::Done(..) | Token::Bracket(_) => out.push(token),
        }
    }
    finished(out)
}

fn close(mut closer: Run, out: &mut Vec<Token>, bottoms: &mut [usize; 18]) {
    while closer.closes && closer.left > 0 {
        let from = bottoms[closer.class()];
        let opener = out[from..].iter().rposition(|token| match token {
            Token::Run(opener) => opener.pairs(closer) > 0,
            Token::Done(..) | Token::Bracket(_) => false,
        });
        let Some(place) = opener.map(|place| from + place) else {
            bottoms[closer.class()] = out.len();
            break;
        };
        let inside = out.split_off(place + 1);
        bottoms.iter_mut().for_each(|bottom| *bottom = (*bottom).min(out.len()));
        let Some(Token::Run(opener)) = out.last_mut() else { break };
        let pairs = opener.pairs(closer);
        opener.left -= pairs;
        closer.left -= pairs;
        if opener.left == 0 {
            out.pop();
            bottoms.iter_mut().for_each(|bottom| *bottom = (*bottom).min(out.len()));
        }
        wrap(closer.mark, pairs, inside, out);
    }
    if closer.left > 0 {
        out.push(if closer.opens { Token::Run(closer) } else { Token::Done(Inline::Text(closer.text()), 0) });
    }
}

fn wrap(mark: u8, pairs: usize, inside: Vec<Token>, out: &mut Vec<Token>) {
    let (inside, depth) = finished(inside);
    if depth >= MAX_DEPTH {
        return out.extend(inside.into_iter().map(|inline| Token::Done(inline, depth)));
    }
    let node = match (mark, pairs) {
        (b'~', _) => Inline::Strike(inside),
        (_, 2) => Inline::Strong(inside),
        _ => Inline::Emphasis(inside),
    };
    out.push(Token::Done(node, depth + 1));
}

/// What has found no partner is text.
fn finished(tokens: Vec<Token>) -> (Vec<Inline>, usize) {
    let mut inlines: Vec<Inline> = Vec::new();
    let mut deepest = 0;
    for token in tokens {
        let inline = match token {
            Token::Done(inline, depth) => {
                deepest = deepest.max(depth);
                inline
            }
            Token::Run(run) => Inline::Text(run.text()),
            Token::Bracket(bracket) => Inline::Text(bracket.text().to_owned()),
        };
        match (inlines.last_mut(), inline) {
            (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
            (_, inline) => inlines.push(inline),
        }
    }
    (inlines, deepest)
}
