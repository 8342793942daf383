//! Addresses that stand in a text without any marks.

use super::{Href, Inline};

/// Makes links of bare addresses.
pub(super) fn linked(inlines: Vec<Inline>) -> Vec<Inline> {
    let mut out = Vec::with_capacity(inlines.len());
    for inline in inlines {
        match inline {
            Inline::Text(text) if text.contains("://") => cut_addresses(&text, &mut out),
            Inline::Emphasis(text) => out.push(Inline::Emphasis(linked(text))),
            Inline::Strong(text) => out.push(Inline::Strong(linked(text))),
            Inline::Strike(text) => out.push(Inline::Strike(linked(text))),
            other => out.push(other),
        }
    }
    out
}

fn cut_addresses(text: &str, out: &mut Vec<Inline>) {
    let mut rest = text;
    let mut plain = String::new();
    while let Some(at) = next_address(rest) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| c.is_whitespace() || "<>\"`|".contains(c)).unwrap_or(from.len());
        let address = trimmed(&from[..end]);
        plain.push_str(before);
        match Href::parse(address) {
            Some(href) => {
                if !plain.is_empty() {
                    out.push(Inline::Text(std::mem::take(&mut plain)));
                }
                out.push(Inline::Link { href, text: vec![Inline::Text(address.to_owned())] });
            }
            None => plain.push_str(address),
        }
        rest = &from[address.len()..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        out.push(Inline::Text(plain));
    }
}

/// Where the next address begins: not in the middle of a word.
fn next_address(text: &str) -> Option<usize> {
    let starts = text.match_indices("http").map(|(at, _)| at);
    let mut starts = starts.filter(|at| text[*at..].starts_with("http://") || text[*at..].starts_with("https://"));
    starts.find(|at| !text[..*at].ends_with(char::is_alphanumeric))
}

/// Without the punctuation of the sentence around it, and without a bracket that was opened before it.
fn trimmed(address: &str) -> &str {
    let mut address = address;
    loop {
        let unbalanced = address.ends_with(')') && address.matches(')').count() > address.matches('(').count();
        let next = match address.strip_suffix(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~', ']']) {
            Some(shorter) => shorter,
            None if unbalanced => &address[..address.len() - 1],
            None => return address,
        };
        address = next;
    }
}
