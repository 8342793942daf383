#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// A hunk as `diff -u` would print it, with marked words in brackets.
fn print(change: &TextChange) -> String {
    let mut out = String::new();
    for hunk in &change.hunks {
        out += &format!("@ {} {}\n", hunk.old_start, hunk.new_start);
        for line in &hunk.lines {
            out.push(match line.kind {
                LineKind::Same => ' ',
                LineKind::Removed => '-',
                LineKind::Added => '+',
            });
            for span in &line.spans {
                out += &if span.is_marked { format!("[{}]", span.text) } else { span.text.clone() };
            }
            out.push('\n');
        }
    }
    out
}

#[test]
fn a_replaced_word_is_marked_on_both_sides() {
    let change = compare("let total = one + two;\n", "let total = one + three;\n");
    assert_eq!(print(&change), "@ 1 1\n-let total = one + [two];\n+let total = one + [three];\n");
    assert_eq!(change.stat, Stat { added: 1, removed: 1 });
}

#[test]
fn lines_are_numbered_from_one_on_both_sides() {
    let change = compare("a\nb\nc\n", "a\nx\nb\nc\n");
    let numbers: Vec<_> = change.hunks[0].lines.iter().map(|line| (line.old, line.new)).collect();
    assert_eq!(numbers, [(Some(1), Some(1)), (None, Some(2)), (Some(2), Some(3)), (Some(3), Some(4))]);
}

#[test]
fn changes_far_apart_stand_in_hunks_of_their_own() {
    let old: String = (1..=30).map(|n| format!("{n}\n")).collect();
    let new = old.replace("\n2\n", "\ntwo\n").replace("\n29\n", "\ntwenty-nine\n");
    let change = compare(&old, &new);
    assert_eq!(change.hunks.iter().map(|hunk| hunk.old_start).collect::<Vec<_>>(), [1, 26]);
}

#[test]
fn a_new_file_is_all_added() {
    let change = compare("", "one\ntwo");
    assert_eq!(print(&change), "@ 0 1\n+one\n+two\n");
    assert!(change.hunks[0].lines[1].is_unterminated);
    assert_eq!(stat("", "one\ntwo"), Stat { added: 2, removed: 0 });
}

#[test]
fn lines_that_share_nothing_are_not_marked() {
    assert_eq!(print(&compare("alpha beta\n", "1234 5678\n")), "@ 1 1\n-alpha beta\n+1234 5678\n");
}

#[test]
fn equal_texts_have_no_hunks() {
    assert_eq!(compare("a\r\nb", "a\r\nb"), TextChange::default());
}

#[test]
fn a_huge_change_is_shown_coarsely_and_still_counted() {
    let old: String = (0..MAX_LINES).map(|n| format!("{n}\n")).collect();
    let new: String = (0..MAX_LINES).map(|n| format!("n{n}\n")).collect();
    let change = compare(&format!("same\n{old}"), &format!("same\n{new}"));
    assert!(change.is_coarse);
    assert_eq!(change.stat, Stat { added: MAX_LINES, removed: MAX_LINES });
    assert_eq!(change.hunks[0].lines[0].kind, LineKind::Same);
}
