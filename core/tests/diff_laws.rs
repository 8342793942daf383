//! The laws of a difference: what it shows leads from the one text to the other, and no way is shorter.
#![cfg(not(target_arch = "wasm32"))]

use proptest::prelude::*;
use roost_core::diff::{Line, LineKind, Stat, TextChange, compare};

/// The length of the longest common subsequence, by the book.
fn common(old: &[&str], new: &[&str]) -> usize {
    let mut row = vec![0; new.len() + 1];
    for old in old {
        let mut before = 0;
        for (at, new) in new.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if old == new { before + 1 } else { above.max(row[at]) };
            before = above;
        }
    }
    row[new.len()]
}

/// What becomes of the old lines when the hunks are applied to them.
fn applied(change: &TextChange, old: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut at = 0;
    for hunk in &change.hunks {
        let shown = hunk.lines.iter().filter(|line| line.old.is_some()).count();
        let start = if shown > 0 { hunk.old_start - 1 } else { hunk.old_start };
        lines.extend(old[at..start].iter().map(ToString::to_string));
        lines.extend(hunk.lines.iter().filter(|line| line.kind != LineKind::Removed).map(Line::text));
        at = start + shown;
    }
    lines.extend(old[at..].iter().map(ToString::to_string));
    lines
}

fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

proptest! {
    #[test]
    fn the_hunks_lead_from_the_old_text_to_the_new_one_and_no_way_is_shorter(
        old in prop::collection::vec("[abcd]", 0..40),
        new in prop::collection::vec("[abcd]", 0..40),
    ) {
        let change = compare(&text(&old), &text(&new));
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let kept = common(&old, &new.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(applied(&change, &old), new.clone());
        prop_assert_eq!(change.stat, Stat { added: new.len() - kept, removed: old.len() - kept });
    }
}
