//! How far a misspelt word is from one that exists.

use crate::case::folded;

/// Edits that turn `typed` into `name` (insert, delete, replace, swap of neighbours), case ignored.
/// `None` when they are more than half of the longer word: that is another word, not a misspelling.
pub(super) fn distance(typed: &str, name: &str) -> Option<usize> {
    let [a, b] = [typed, name].map(|word| folded(word).chars().collect::<Vec<_>>());
    let edits = edits(&a, &b);
    (edits * 2 <= a.len().max(b.len())).then_some(edits)
}

fn edits(a: &[char], b: &[char]) -> usize {
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                let before: &Vec<usize> = &before;
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
