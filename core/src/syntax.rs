//! What a piece of code is made of, for colours: comments, strings, numbers, keywords. One reader for all languages, told apart by a row of a
//! table; it knows no grammar, and what it does not know is plain.
//!
//! Law: the pieces of a text are the text.

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Comment,
    Text,
    Number,
    Keyword,
}

/// A language, or several that look alike.
struct Language {
    names: &'static str,
    /// What begins a comment that ends with its line.
    comment: &'static [&'static str],
    /// What surrounds a longer comment.
    block: Option<(&'static str, &'static str)>,
    /// What surrounds a string. Doubled or tripled it works the same; a backtick reaches over lines.
    quotes: &'static str,
    keywords: &'static str,
}

const C_LIKE: Option<(&str, &str)> = Some(("/*", "*/"));

/// Names and keywords stand between blanks.
const LANGUAGES: [Language; 10] = [
    Language {
        names: " rust rs ",
        comment: &["//"],
        block: C_LIKE,
        quotes: "\"",
        keywords: " as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub \
            ref return self Self static struct super trait true type unsafe use where while ",
    },
    Language {
        names: " python py ",
        comment: &["#"],
        block: None,
        quotes: "\"'",
        keywords: " and as assert async await break class continue def del elif else except False finally for from global if import in is \
            lambda None nonlocal not or pass raise return True try while with yield ",
    },
    Language {
        names: " javascript js jsx typescript ts tsx mjs ",
        comment: &["//"],
        block: C_LIKE,
        quotes: "\"'`",
        keywords: " as async await break case catch class const continue default delete do else enum export extends false finally for from \
            function if implements import in instanceof interface let new null of return static super switch this throw true try type typeof \
            undefined var void while yield ",
    },
    Language {
        names: " go golang ",
        comment: &["//"],
        block: C_LIKE,
        quotes: "\"'`",
        keywords: " break case chan const continue default defer else fallthrough false for func go goto if import interface map nil package \
            range return select struct switch true type var ",
    },
    Language {
        names: " java kotlin kt scala csharp cs c# swift dart php ",
        comment: &["//"],
        block: C_LIKE,
        quotes: "\"'",
        keywords: " abstract as async await base break case catch class const continue default do else enum extends extension false final \
            finally for foreach fun func function if implements import in instanceof interface internal is let namespace new nil null \
            object out override package private protected public return sealed static struct super switch this throw throws true try \
            typeof using val var virtual void when where while yield ",
    },
    Language {
        names: " c h cpp c++ cc hpp cxx objc zig ",
        comment: &["//"],
        block: C_LIKE,
        quotes: "\"'",
        keywords: " auto bool break case catch char class const constexpr continue default delete do double else enum extern false float for \
            goto if inline int long namespace new nullptr operator private protected public return short signed sizeof static struct \
            switch template this throw true try typedef typename union unsigned using virtual void volatile while ",
    },
    Language {
        names: " bash sh shell zsh console fish dockerfile makefile ",
        comment: &["#"],
        block: None,
        quotes: "\"'",
        keywords: " case do done elif else esac export fi for function if in local return set then until while ",
    },
    Language {
        names: " sql sqlite postgresql mysql ",
        comment: &["--"],
        block: C_LIKE,
        quotes: "'\"",
        keywords: " add all alter and as asc begin between by case commit create cross default delete desc distinct drop else end exists \
            foreign from full group having if in index inner insert into is join key left like limit not null offset on or order outer \
            primary references returning right rollback select set table then union unique update values view when where with ",
    },
    Language {
        names: " json jsonc json5 yaml yml toml ini ",
        comment: &["#", "//"],
        block: None,
        quotes: "\"'",
        keywords: " true false null yes no on off ",
    },
    Language { names: " css scss less ", comment: &[], block: C_LIKE, quotes: "\"'", keywords: " " },
];

/// The pieces of `code`, in order. All of it is one plain piece when the language is not known.
#[must_use]
pub fn pieces<'a>(language: &str, code: &'a str) -> Vec<(Kind, &'a str)> {
    let Some(language) = LANGUAGES.iter().find(|one| has(one.names, language)) else {
        return vec![(Kind::Plain, code)];
    };
    let mut pieces: Vec<(Kind, &str)> = Vec::new();
    let (mut at, mut plain) = (0, 0);
    while at < code.len() {
        let (kind, len) = language.next(&code[at..], code[..at].chars().next_back());
        if kind != Kind::Plain {
            push(&mut pieces, (Kind::Plain, &code[plain..at]));
            push(&mut pieces, (kind, &code[at..at + len]));
            plain = at + len;
        }
        at += len;
    }
    push(&mut pieces, (Kind::Plain, &code[plain..]));
    pieces
}

fn push<'a>(pieces: &mut Vec<(Kind, &'a str)>, piece: (Kind, &'a str)) {
    if !piece.1.is_empty() {
        pieces.push(piece);
    }
}

/// Whether a word is in a list between blanks, in any case for SQL's sake.
fn has(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split(' ').any(|known| known == word)
}

impl Language {
    /// What the text begins with, and how long that is: at least one character.
    fn next(&self, text: &str, before: Option<char>) -> (Kind, usize) {
        let line = text.find('\n').unwrap_or(text.len());
        // A mark inside a word, as in `$#` or `a#b`, begins nothing.
        let stands_alone = before.is_none_or(|before| before.is_whitespace() || ";,{}()[]".contains(before));
        if self.comment.iter().any(|mark| text.starts_with(mark) && (*mark != "#" || stands_alone)) {
            return (Kind::Comment, line);
        }
        if let Some((begin, end)) = self.block.filter(|(begin, _)| text.starts_with(begin)) {
            let inside = &text[begin.len()..];
            return (Kind::Comment, begin.len() + inside.find(end).map_or(inside.len(), |at| at + end.len()));
        }
        let first = text.chars().next().unwrap_or(' ');
        if self.quotes.contains(first) {
            return (Kind::Text, string(text, first, line));
        }
        if first.is_alphanumeric() || first == '_' {
            let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
            return self.word(text, end);
        }
        (Kind::Plain, first.len_utf8())
    }

    fn word(&self, text: &str, end: usize) -> (Kind, usize) {
        let word = &text[..end];
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            let fraction =
                text[end..].strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
            return (Kind::Number, if fraction > 0 { end + 1 + fraction } else { end });
        }
        let is_keyword =
            has(self.keywords, word) || (has(self.names, "sql") && has(self.keywords, &word.to_ascii_lowercase()));
        (if is_keyword { Kind::Keyword } else { Kind::Plain }, end)
    }
}

/// The length of the string that a text begins with: to its end, or to the end of the line if it has none there.
fn string(text: &str, quote: char, line: usize) -> usize {
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    if text.starts_with(&triple) {
        return text[3..].find(&triple).map_or(text.len(), |at| at + 6);
    }
    let most = if quote == '`' { text.len() } else { line };
    let mut escaped = false;
    for (at, c) in text[..most].char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// The pieces that are not plain.
    fn marked(language: &str, code: &'static str) -> Vec<(Kind, &'static str)> {
        pieces(language, code).into_iter().filter(|(kind, _)| *kind != Kind::Plain).collect()
    }

    #[test]
    fn each_language_has_its_comments_strings_numbers_and_keywords() {
        use Kind::{Comment, Keyword, Number, Text};
        type Case<'a> = (&'a str, &'static str, &'a [(Kind, &'a str)]);
        let cases: [Case<'_>; 5] = [
            ("rust", "let a: &'a str = \"b\\\"\"; // c", &[(Keyword, "let"), (Text, "\"b\\\"\""), (Comment, "// c")]),
            ("py", "x = '''a\n'b''' # 1", &[(Text, "'''a\n'b'''"), (Comment, "# 1")]),
            (
                "ts",
                "if (a1 > 0x1f) `b\n${c}` /* d\n */",
                &[(Keyword, "if"), (Number, "0x1f"), (Text, "`b\n${c}`"), (Comment, "/* d\n */")],
            ),
            ("sh", "echo $# a#b 'open\nfi # end", &[(Text, "'open"), (Keyword, "fi"), (Comment, "# end")]),
            ("sql", "SELECT 1.5 -- all", &[(Keyword, "SELECT"), (Number, "1.5"), (Comment, "-- all")]),
        ];
        for (language, code, expected) in cases {
            assert_eq!(marked(language, code), expected, "{code}");
        }
    }

    #[test]
    fn the_pieces_of_a_text_are_the_text_in_every_language() {
        let odd = "fn é(\"ü\\\" `x` '''y\n/* z # -- 1. 2.5e 0b1 \u{202e}日本 \\";
        for language in LANGUAGES.iter().flat_map(|one| one.names.split(' ')).chain(["brainfuck"]) {
            let joined: String = pieces(language, odd).into_iter().map(|(_, text)| text).collect();
            assert_eq!(joined, odd, "{language}");
        }
    }
}
