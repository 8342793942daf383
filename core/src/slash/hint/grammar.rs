//! Reading a hint's text.

use super::{Choice, Slot, Then, ValueKind};

/// The slots of the first form; a form that starts with a word of its own adds that word to the first slot.
pub(super) fn slots(text: &str) -> Vec<Slot> {
    let tokens = split(text, char::is_whitespace);
    let mut forms = tokens.split(|token| matches!(*token, "|" | "or"));
    let mut slots: Vec<_> = forms.next().unwrap_or_default().iter().map(|token| slot(token)).collect();
    for form in forms {
        let Some(first) = slots.iter_mut().find(|slot| !slot.is_flag()) else { break };
        if let [word, rest @ ..] = form
            && is_word(word)
        {
            first.choices.push(Choice { word: (*word).to_owned(), then: then(rest.first()) });
        }
    }
    slots
}

fn slot(token: &str) -> Slot {
    let mut slot = Slot { text: token.to_owned(), ..Slot::default() };
    if let Some(inner) = enclosed(token, '<', '>') {
        slot.required = true;
        slot.free = true;
        slot.kind = inner.split('|').find_map(ValueKind::named);
    } else if let Some(inner) = enclosed(token, '[', ']') {
        fill(&mut slot, inner);
    } else if token.starts_with(['<', '[']) {
        slot.required = token.starts_with('<');
        slot.free = true;
    } else {
        fill(&mut slot, token);
    }
    slot
}

/// Reads what stands between square brackets, or bare.
fn fill(slot: &mut Slot, inner: &str) {
    if let Some((flag, _)) = inner.split_once(char::is_whitespace)
        && flag.starts_with('-')
        && !flag.contains('|')
    {
        slot.takes_value = true;
        slot.choices.push(Choice { word: flag.to_owned(), then: Then::Required });
        return;
    }
    let alternatives = split(inner, |c| c == '|');
    let alone = alternatives.len() == 1;
    for alternative in alternatives {
        let words = split(alternative, char::is_whitespace);
        match words[..] {
            [word] if word.starts_with('-') || is_word(word) && !alone && !is_placeholder(word) => {
                slot.choices.push(Choice { word: word.to_owned(), then: Then::Nothing });
            }
            [word, rest, ..] if is_word(word) && rest.starts_with(['<', '[']) => {
                slot.choices.push(Choice { word: word.to_owned(), then: then(Some(&rest)) });
            }
            [word] => {
                slot.free = true;
                slot.kind = slot.kind.or(ValueKind::named(enclosed(word, '<', '>').unwrap_or(word)));
            }
            _ => slot.free = true,
        }
    }
}

fn then(token: Option<&&str>) -> Then {
    match token {
        Some(token) if token.starts_with('<') => Then::Required,
        Some(_) => Then::Optional,
        None => Then::Nothing,
    }
}

fn is_word(token: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "-_.:".contains(c);
    !token.is_empty() && token.chars().all(allowed)
}

/// Some authors leave out the angle brackets between alternatives: `[pr-number|file-path]`.
fn is_placeholder(word: &str) -> bool {
    ["path", "-number", "-id"].iter().any(|end| word.ends_with(end))
}

fn enclosed(token: &str, open: char, close: char) -> Option<&str> {
    let inner = token.strip_prefix(open)?.strip_suffix(close)?;
    (!inner.contains([open, close]) || balanced(inner, open, close)).then_some(inner)
}

fn balanced(inner: &str, open: char, close: char) -> bool {
    let mut depth = 0usize;
    for c in inner.chars() {
        if c == open {
            depth += 1;
        } else if c == close {
            let Some(less) = depth.checked_sub(1) else { return false };
            depth = less;
        }
    }
    depth == 0
}

/// The parts between separators outside all brackets, without empty ones.
fn split(text: &str, separates: impl Fn(char) -> bool) -> Vec<&str> {
    let mut depth = 0usize;
    text.split(|c: char| {
        match c {
            '[' | '<' => depth += 1,
            ']' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && separates(c)
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}
