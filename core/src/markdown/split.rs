//! From which block on a text is still open.

use super::blocks::Found;

/// The index of the first block that later text may still change; 0 when all may.
///
/// A block is finished once a further one begins behind a blank line, and the first line of that one is complete: until then `2` may
/// become `2.`, an item of the list before it.
pub(super) fn first_open(text: &str, found: &[Found]) -> usize {
    let is_settled = |found: &Found| text[found.start..].contains('\n') && follows_blank_line(&text[..found.start]);
    found.iter().rposition(is_settled).unwrap_or(0)
}

fn follows_blank_line(before: &str) -> bool {
    let Some(line) = before.strip_suffix('\n') else { return false };
    let line = &line[line.rfind('\n').map_or(0, |at| at + 1)..];
    line.trim().is_empty()
}

/// The complete lines, and the one that is still being written.
pub(super) fn last_line(text: &str) -> (&str, &str) {
    text.split_at(text.rfind('\n').map_or(0, |at| at + 1))
}

/// A last line of blanks alone means nothing until something follows.
pub(super) fn without_blank_end(text: &str) -> &str {
    match last_line(text) {
        (lines, partial) if is_blank(partial) => lines,
        _ => text,
    }
}

pub(super) fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// The character of the fence, when `text` begins with one at the margin and its first line is complete. Whether the code has ended is
/// not looked at: text without that character cannot end it.
pub(super) fn open_fence(text: &str) -> Option<char> {
    let (line, code) = text.split_once('\n')?;
    let fence = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == fence).count();
    let info = &line[length..];
    let is_open = length >= 3 && !(fence == '`' && info.contains('`')) && !text.contains('\r');
    let closes = |line: &str| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let marks = line.trim().chars();
        indent < 4 && marks.clone().count() >= length && marks.clone().all(|c| c == fence)
    };
    (is_open && !code.lines().any(closes)).then_some(fence)
}
