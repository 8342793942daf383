//! `.env` files, which are `NAME=value` lines, and the `$NAME`s that stand for variables in other texts.
//!
//! Read here rather than by a crate: the crates there are expand variables of the process in values, which would let a project's file
//! build an address out of the user's secrets.

use std::collections::BTreeMap;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// The variables of a file. If a name occurs twice, the last one counts.
///
/// `export` before a name is fine, and so are comments. A value in `'`, `"` or `` ` `` may go over several lines; in `"` there are `\n`,
/// `\r`, `\t`, `\"` and `\\`. A line that is no assignment is passed over.
#[must_use]
pub fn parse(text: &str) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let line = rest.split('\n').next().unwrap_or(rest);
        let name = line.split('=').next().filter(|name| name.len() < line.len()).and_then(name);
        let after = match name {
            None => &rest[line.len()..],
            Some(name) => {
                let behind_equals = &rest[line.find('=').map_or(0, |at| at + 1)..];
                let (value, after) = value(behind_equals.trim_start_matches([' ', '\t']));
                variables.insert(name.to_owned(), value);
                after
            }
        };
        rest = after.trim_start();
    }
    variables
}

fn name(text: &str) -> Option<&str> {
    let text = text.strip_prefix("export ").unwrap_or(text).trim();
    is_name(text).then_some(text)
}

/// The value that the text begins with, and what comes behind it.
fn value(text: &str) -> (String, &str) {
    let quote = text.chars().next().filter(|first| ['\'', '"', '`'].contains(first));
    if let Some((value, behind)) = quote.and_then(|quote| quoted(&text[1..], quote)) {
        return (value, &behind[behind.find('\n').unwrap_or(behind.len())..]);
    }
    let line = text.split('\n').next().unwrap_or(text);
    let bare = line.find(" #").map_or(line, |comment| &line[..comment]);
    (bare.trim().to_owned(), &text[line.len()..])
}

/// Up to the closing quote; None where there is none.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((value, &text[at + c.len_utf8()..])),
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                c @ ('"' | '\\') => value.push(c),
                c => value.extend(['\\', c]),
            },
            c => value.push(c),
        }
    }
    None
}

/// `$NAME` and `${NAME}` replaced by what they stand for; a name that stands for nothing stays.
#[must_use]
pub fn expanded(text: &str, variable: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let (name, after) = match behind.strip_prefix('{') {
            Some(braced) => braced.split_once('}').unwrap_or(("", behind)),
            None => behind.split_at(behind.find(|c: char| !is_part_of_name(c)).unwrap_or(behind.len())),
        };
        match Some(name).filter(|name| is_name(name)).and_then(&variable) {
            Some(value) => expanded.push_str(&value),
            None => expanded.push_str(&rest[at..rest.len() - after.len()]),
        }
        rest = after;
    }
    expanded.push_str(rest);
    expanded
}

fn is_name(text: &str) -> bool {
    text.chars().all(is_part_of_name) && text.starts_with(|c: char| !c.is_ascii_digit())
}

fn is_part_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn assignments_are_read_as_people_write_them() {
        let text = "# mine\nA=1\nexport B = two words # not this\n\nC='it # stays $A'\r\nD=\"one\\ntwo\" # said\nE=`a\nb`\nF=\nG=x#y\n\
                    no assignment\n1BAD=x\nB-D=x\nH=\"open\nI=last";
        let read = parse(text);
        let all: Vec<(&str, &str)> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "it # stays $A"),
            ("D", "one\ntwo"),
            ("E", "a\nb"),
            ("F", ""),
            ("G", "x#y"),
            ("H", "\"open"),
            ("I", "last"),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn of_a_name_that_is_there_twice_the_last_counts() {
        assert_eq!(parse("A=1\nA=2").get("A").map(String::as_str), Some("2"));
    }

    #[test]
    fn names_are_replaced_by_what_they_stand_for_and_everything_else_stays() {
        let variable = |name: &str| (name == "PROCESS").then(|| "p".to_owned());
        for (text, expected) in [
            ("$PROCESS", "p"),
            ("a${PROCESS}b", "apb"),
            ("$PROCESSES $ $5 ${} ${PROCESS", "$PROCESSES $ $5 ${} ${PROCESS"),
            ("$PROCESS$PROCESS-$NONE", "pp-$NONE"),
            ("100%", "100%"),
        ] {
            assert_eq!(expanded(text, variable), expected);
        }
    }
}
