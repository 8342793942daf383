//! Where links lead, as it is written: `(address "title")` and `<address>`.

use super::entity::entity;

/// Brackets inside an address, at most.
const MAX_BRACKETS: usize = 32;
const BLANK: [char; 3] = [' ', '\t', '\n'];

/// What stands behind the text of a link: the address, and how long all of it is.
pub(super) fn read(text: &str) -> Option<(String, usize)> {
    let rest = text.strip_prefix('(')?.trim_start_matches(BLANK);
    let (address, after) = match rest.strip_prefix('<') {
        Some(inside) => {
            let len =
                unescaped(inside, |c| matches!(c, '<' | '>' | '\n')).filter(|len| inside[*len..].starts_with('>'))?;
            (&inside[..len], &inside[len + 1..])
        }
        None => rest.split_at(bare(rest)?),
    };
    let title = after.trim_start_matches(BLANK);
    let rest = match title.chars().next() {
        Some(quote @ ('"' | '\'' | '(')) if title.len() < after.len() => {
            let end = if quote == '(' { ')' } else { quote };
            let len = unescaped(&title[1..], |c| c == quote || c == end)?;
            title[1 + len..].strip_prefix(end)?.trim_start_matches(BLANK)
        }
        _ => title,
    };
    let rest = rest.strip_prefix(')')?;
    Some((unescape(address), text.len() - rest.len()))
}

/// The length of an address that ends with a blank or with the bracket around it.
fn bare(text: &str) -> Option<usize> {
    let mut open = 0;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if std::mem::take(&mut escaped) && c.is_ascii_punctuation() => {}
            '\\' => escaped = true,
            '(' if open == MAX_BRACKETS => return None,
            '(' => open += 1,
            ')' if open == 0 => return Some(at),
            ')' => open -= 1,
            c if c == ' ' || c.is_ascii_control() => return (open == 0).then_some(at),
            _ => {}
        }
    }
    None
}

/// Where the first character that `ends` stands without a backslash before it.
fn unescaped(text: &str, ends: impl Fn(char) -> bool) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if std::mem::take(&mut escaped) && c.is_ascii_punctuation() {
            continue;
        }
        if ends(c) {
            return Some(at);
        }
        escaped = c == '\\';
    }
    None
}

/// Without backslashes before punctuation, and with the characters that are named.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let escaped = rest[1..].chars().next().filter(|c| rest.starts_with('\\') && c.is_ascii_punctuation());
        let (character, len) =
            escaped.map(|c| (c, 2)).or_else(|| entity(rest)).unwrap_or((char::from(rest.as_bytes()[0]), 1));
        out.push(character);
        rest = &rest[len..];
    }
    out.push_str(rest);
    out
}

/// What stands in `<…>` at the front of a text, if it is an address.
pub(super) fn address(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('<')?;
    let inside = &inside[..inside.find(|c: char| matches!(c, '<' | '>' | ' ') || c.is_ascii_control())?];
    let ends = text[1 + inside.len()..].starts_with('>');
    (ends && (has_scheme(inside) || is_mailbox(inside))).then_some(inside)
}

pub(super) fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return false };
    (2..=32).contains(&scheme.len())
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
}

fn is_mailbox(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    !name.is_empty() && name.chars().all(is_name) && domain.split('.').all(is_label)
}
