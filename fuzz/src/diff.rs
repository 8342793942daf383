//! A file before and after.

use roost_core::diff::{LineKind, compare, stat};

/// Laws: the counts are those of the lines that are shown, and every line that is shown is in the text it is said to be of.
pub fn diff(input: &[u8]) {
    let Some((place, bytes)) = input.split_first() else { return };
    let at = bytes.len() * usize::from(*place) / 255;
    let (old, new) = (String::from_utf8_lossy(&bytes[..at]), String::from_utf8_lossy(&bytes[at..]));
    let change = compare(&old, &new);
    assert_eq!(change.stat, stat(&old, &new));
    let lines = || change.hunks.iter().flat_map(|hunk| &hunk.lines);
    let counted = |kind| lines().filter(|line| line.kind == kind).count();
    assert_eq!((counted(LineKind::Added), counted(LineKind::Removed)), (change.stat.added, change.stat.removed));
    for line in lines() {
        let text = line.text();
        let is_in = |whole: &str| whole.contains(text.as_str());
        match line.kind {
            LineKind::Same => assert!(is_in(&old) && is_in(&new), "{text:?}"),
            LineKind::Removed => assert!(is_in(&old), "{text:?}"),
            LineKind::Added => assert!(is_in(&new), "{text:?}"),
        }
    }
}
