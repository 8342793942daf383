//! Two conversations side by side: what both said in the same order, and what only one said.

use super::heard::Heard;

/// One step through both. What was said before stands beside what only one said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Both(&'a Heard, &'a Heard),
    Ours(&'a Heard, Option<&'a Heard>),
    Theirs(&'a Heard, Option<&'a Heard>),
}

/// The longest sequence that both have in common, and the rest around it.
pub(super) fn align<'a>(ours: &'a [Heard], theirs: &'a [Heard]) -> Vec<Step<'a>> {
    let common = lengths(ours, theirs);
    let (mut i, mut j) = (0, 0);
    let mut steps = Vec::new();
    loop {
        let (ours_before, theirs_before) = (last(ours, i), last(theirs, j));
        match (ours.get(i), theirs.get(j)) {
            (Some(one), Some(other)) if one.what() == other.what() => {
                steps.push(Step::Both(one, other));
                (i, j) = (i + 1, j + 1);
            }
            (Some(one), other) if other.is_none() || common[i + 1][j] >= common[i][j + 1] => {
                steps.push(Step::Ours(one, ours_before));
                i += 1;
            }
            (_, Some(other)) => {
                steps.push(Step::Theirs(other, theirs_before));
                j += 1;
            }
            (_, None) => return steps,
        }
    }
}

fn last(heard: &[Heard], at: usize) -> Option<&Heard> {
    at.checked_sub(1).and_then(|before| heard.get(before))
}

/// How much what is left of each has in common, for each place in both.
fn lengths(ours: &[Heard], theirs: &[Heard]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; theirs.len() + 1]; ours.len() + 1];
    for i in (0..ours.len()).rev() {
        for j in (0..theirs.len()).rev() {
            common[i][j] = if ours[i].what() == theirs[j].what() {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn said(words: &str) -> Vec<Heard> {
        words.split(' ').map(|word| Heard::event(word, &Value::Null, Value::Null)).collect()
    }

    fn steps(ours: &str, theirs: &str) -> Vec<String> {
        let (ours, theirs) = (said(ours), said(theirs));
        let shown = |step: &Step<'_>| match step {
            Step::Both(one, _) => one.to_string(),
            Step::Ours(one, before) => format!("+{one} after {}", before.map(ToString::to_string).unwrap_or_default()),
            Step::Theirs(one, before) => {
                format!("-{one} after {}", before.map(ToString::to_string).unwrap_or_default())
            }
        };
        align(&ours, &theirs).iter().map(shown).collect()
    }

    #[test]
    fn what_both_say_in_the_same_order_is_found_whatever_stands_between() {
        assert_eq!(steps("a b c", "a b c"), ["a", "b", "c"]);
        assert_eq!(steps("a x b c", "a b y c"), ["a", "+x after a", "b", "-y after b", "c"]);
        assert_eq!(steps("b", "a b c"), ["-a after ", "b", "-c after b"]);
    }

    #[test]
    fn what_changed_places_is_told_of_both() {
        assert_eq!(steps("a b c", "a c b").len(), 4);
    }
}
