//! Which part of a text a read answers with.

/// Where to cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) max_lines: Option<u64>,
    /// Of UTF-8.
    pub(super) max_bytes: usize,
    /// When bytes are what runs out: cut after the last whole line, so that the next window begins at a line.
    pub(super) whole_lines: bool,
}

/// A cut from the beginning of a text. Laws: `len ≤ max_bytes`, on a character boundary; `next > len` when there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) len: usize,
    /// Where the line after the window begins. The line feed between is in neither window.
    pub(super) next: Option<usize>,
    pub(super) has_more: bool,
}

/// Cuts the window off. `at_end`: nothing follows `text` in the file; otherwise `text` is longer than `max_bytes`.
pub(super) fn cut(text: &str, bounds: Bounds, at_end: bool) -> Cut {
    let line_feed = bounds.max_lines.and_then(|lines| nth_line_feed(text, lines));
    let wanted = line_feed.unwrap_or(text.len());
    if wanted > bounds.max_bytes {
        return cut_by_bytes(text, bounds);
    }
    match line_feed {
        Some(at) => Cut { len: at, next: Some(at + 1), has_more: at + 1 < text.len() || !at_end },
        None => Cut { len: text.len(), next: None, has_more: !at_end },
    }
}

fn cut_by_bytes(text: &str, bounds: Bounds) -> Cut {
    let last_line_feed = || text.as_bytes()[..=bounds.max_bytes].iter().rposition(|byte| *byte == b'\n');
    match bounds.whole_lines.then(last_line_feed).flatten() {
        Some(at) => Cut { len: at, next: Some(at + 1), has_more: true },
        None => Cut { len: text.floor_char_boundary(bounds.max_bytes), next: None, has_more: true },
    }
}

/// Where the line number `lines`, counted from 1, ends.
fn nth_line_feed(text: &str, lines: u64) -> Option<usize> {
    let before = usize::try_from(lines.checked_sub(1)?).ok()?;
    memchr::memchr_iter(b'\n', text.as_bytes()).nth(before)
}

/// Where line number `line` begins, counted from 1; the end of a text with fewer lines.
pub(super) fn line_start(text: &str, line: u64) -> usize {
    if line <= 1 { 0 } else { nth_line_feed(text, line - 1).map_or(text.len(), |at| at + 1) }
}

/// Where the first line begins that begins at `at` or later.
pub(super) fn next_line_start(text: &[u8], at: usize) -> usize {
    match at.checked_sub(1) {
        None => 0,
        Some(before) if before >= text.len() => text.len(),
        Some(before) => memchr::memchr(b'\n', &text[before..]).map_or(text.len(), |feed| before + feed + 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const THREE: &str = "one\ntwo\nthree\n";

    fn lines(max_lines: u64) -> Bounds {
        Bounds { max_lines: Some(max_lines), max_bytes: 100, whole_lines: false }
    }

    #[test]
    fn a_slice_of_lines_drops_its_final_line_feed() {
        assert_eq!(cut(THREE, lines(1), true), Cut { len: 3, next: Some(4), has_more: true });
        assert_eq!(cut(THREE, lines(3), true), Cut { len: 13, next: Some(14), has_more: false });
        assert_eq!(cut(THREE, lines(4), true), Cut { len: 14, next: None, has_more: false });
    }

    proptest! {
        #[test]
        fn windows_joined_by_line_feeds_are_the_text(text in "[aé\n]{0,60}", max_lines in 1..4_u64, max_bytes in 8..20_usize) {
            let bounds = Bounds { max_lines: Some(max_lines), max_bytes, whole_lines: true };
            let mut joined = String::new();
            let mut rest = text.as_str();
            loop {
                let cut = cut(rest, bounds, true);
                prop_assert!(cut.len <= max_bytes);
                joined.push_str(&rest[..cut.len]);
                let Some(next) = cut.next else {
                    // A line that fits into no window ends the walk.
                    prop_assert!(text.starts_with(&joined));
                    prop_assert!(cut.has_more || joined == text);
                    break;
                };
                joined.push('\n');
                rest = &rest[next..];
            }
        }

        #[test]
        fn a_line_start_follows_a_line_feed(text in "[ab\n]{0,20}", at in 0..25_usize) {
            let start = next_line_start(text.as_bytes(), at);
            prop_assert!(start == 0 || start == text.len() || text.as_bytes()[start - 1] == b'\n');
            prop_assert!(start >= at.min(text.len()));
        }
    }
}
