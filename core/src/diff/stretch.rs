//! The shortest way from one sequence to another, in stretches: what stays, and what comes in the place of what.
//!
//! Myers' algorithm in its linear-space form ("An O(ND) Difference Algorithm and Its Variations", 1986): the middle of a shortest way is found
//! from both ends at once, and the halves are treated alike.

use std::ops::Range;

/// Neighbouring elements of both sequences that stay, or that are replaced by each other. One side of a change may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
    pub(super) is_same: bool,
}

/// All of both sequences, same and changed in turn. A change that could stand in several places stands in the last.
///
/// Takes time in proportion to the elements times the changes, among the elements that both sequences have.
pub(super) fn stretches(old: &[&str], new: &[&str]) -> Vec<Stretch> {
    // What only one of them has is changed wherever it stands.
    let (old_places, new_places) = (shared(old, new), shared(new, old));
    let mut search = Search {
        old: old_places.iter().map(|at| old[*at]).collect(),
        new: new_places.iter().map(|at| new[*at]).collect(),
        reach: Default::default(),
        same: Vec::new(),
    };
    search.compare(0..old_places.len(), 0..new_places.len());
    let kept = search.same.iter().flat_map(|((old, new), len)| (*old..old + len).zip(*new..new + len));
    let kept = kept.map(|(old, new)| (old_places[old], new_places[new]));
    settled(between(kept, old.len(), new.len()), old, new)
}

/// Where the elements of a sequence are that another one has, too.
fn shared(sequence: &[&str], other: &[&str]) -> Vec<usize> {
    let mut known = other.to_vec();
    known.sort_unstable();
    (0..sequence.len()).filter(|at| known.binary_search(&sequence[*at]).is_ok()).collect()
}

/// Changes with so many unchanged elements around them, those close to each other together.
pub(super) fn grouped(stretches: &[Stretch], context: usize) -> Vec<Vec<Stretch>> {
    let mut groups = Vec::new();
    let mut group: Vec<Stretch> = Vec::new();
    for (at, stretch) in stretches.iter().enumerate() {
        if !stretch.is_same {
            group.push(stretch.clone());
            continue;
        }
        let len = stretch.old.len();
        let (is_first, is_last) = (at == 0, at + 1 == stretches.len());
        if is_first {
            group.push(stretch.part(len.saturating_sub(context)..len));
        } else if is_last {
            group.push(stretch.part(0..len.min(context)));
        } else if len > 2 * context {
            group.push(stretch.part(0..context));
            groups.push(std::mem::take(&mut group));
            group.push(stretch.part(len - context..len));
        } else {
            group.push(stretch.clone());
        }
    }
    groups.push(group);
    groups.retain(|group| group.iter().any(|stretch| !stretch.is_same));
    groups.iter_mut().for_each(|group| group.retain(|stretch| !stretch.is_empty()));
    groups
}

impl Stretch {
    pub(super) fn same(old: usize, new: usize, len: usize) -> Self {
        Self { old: old..old + len, new: new..new + len, is_same: true }
    }

    pub(super) fn changed(old: Range<usize>, new: Range<usize>) -> Self {
        Self { old, new, is_same: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.old.is_empty() && self.new.is_empty()
    }

    /// Some elements of a stretch that stays.
    fn part(&self, range: Range<usize>) -> Self {
        Self::same(self.old.start + range.start, self.new.start + range.start, range.len())
    }
}

/// A place in both sequences.
type Place = (usize, usize);

/// A part of both sequences.
struct Part {
    old: Range<usize>,
    new: Range<usize>,
}

/// From which end of a part a way is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

struct Search<'a> {
    old: Vec<&'a str>,
    new: Vec<&'a str>,
    /// By end and diagonal, how far one gets in `old` with the edits made so far. Diagonal 0 is in the middle.
    reach: [Vec<usize>; 2],
    /// What stays, in order: where, and how many.
    same: Vec<(Place, usize)>,
}

impl Search<'_> {
    fn compare(&mut self, mut old: Range<usize>, mut new: Range<usize>) {
        let head = self.common(old.clone().zip(new.clone()));
        self.keep((old.start, new.start), head);
        (old.start, new.start) = (old.start + head, new.start + head);
        let tail = self.common(old.clone().rev().zip(new.clone().rev()));
        (old.end, new.end) = (old.end - tail, new.end - tail);
        let (old_end, new_end) = (old.end, new.end);
        if !old.is_empty() && !new.is_empty() {
            let part = Part { old, new };
            let (old_middle, new_middle) = self.middle(&part);
            self.compare(part.old.start..old_middle, part.new.start..new_middle);
            self.compare(old_middle..old_end, new_middle..new_end);
        }
        self.keep((old_end, new_end), tail);
    }

    fn common(&self, pairs: impl Iterator<Item = Place>) -> usize {
        pairs.take_while(|(old, new)| self.old[*old] == self.new[*new]).count()
    }

    fn keep(&mut self, place: Place, len: usize) {
        if len > 0 {
            self.same.push((place, len));
        }
    }

    /// A place in the middle of a shortest way through a part that has neither head nor tail in common, nor an empty side. It is neither its
    /// start nor its end.
    fn middle(&mut self, part: &Part) -> Place {
        let most_edits = (part.old.len() + part.new.len()).div_ceil(2);
        for reach in &mut self.reach {
            reach.clear();
            reach.resize(2 * most_edits + 3, 0);
        }
        let tries = (0..=most_edits.cast_signed()).flat_map(|edits| [(End::First, edits), (End::Last, edits)]);
        for (end, edits) in tries {
            if let Some(place) = self.advance(part, end, edits) {
                return place;
            }
        }
        // Not reached: with half of all edits there can be made from either end, they have met.
        (part.old.end, part.new.start)
    }

    /// Makes one more edit from one end. The place where that meets what was reached from the other, if it does.
    fn advance(&mut self, part: &Part, end: End, edits: isize) -> Option<Place> {
        let (old_len, new_len) = (part.old.len(), part.new.len());
        let delta = old_len.cast_signed() - new_len.cast_signed();
        // The ends meet after as many edits from both where their number is even, after one more from the first where it is odd.
        let (may_meet, others_edits) = match end {
            End::First => (delta % 2 != 0, edits - 1),
            End::Last => (delta % 2 == 0, edits),
        };
        let zero = self.reach[0].len() / 2;
        let at = |diagonal: isize| zero.wrapping_add_signed(diagonal);
        for diagonal in (-edits..=edits).step_by(2) {
            let reach = &self.reach[end as usize];
            let (below, above) = (reach[at(diagonal - 1)], reach[at(diagonal + 1)]);
            let adds = diagonal == -edits || (diagonal != edits && below < above);
            let begin = if adds { above } else { below + 1 };
            let begin = (begin, begin.wrapping_add_signed(-diagonal));
            let (x, y) = self.run(part, end, begin);
            self.reach[end as usize][at(diagonal)] = x;
            // The same diagonal, counted from the other end.
            let opposite = delta - diagonal;
            if may_meet && opposite.abs() <= others_edits && x + self.reach[1 - end as usize][at(opposite)] >= old_len {
                return Some(match end {
                    End::First => (part.old.start + begin.0, part.new.start + begin.1),
                    End::Last => (part.old.end - x, part.new.end - y),
                });
            }
        }
        None
    }

    /// Goes on from a place, counted from an end, for as long as nothing differs.
    fn run(&self, part: &Part, end: End, (mut x, mut y): Place) -> Place {
        while x < part.old.len() && y < part.new.len() {
            let (old, new) = match end {
                End::First => (part.old.start + x, part.new.start + y),
                End::Last => (part.old.end - 1 - x, part.new.end - 1 - y),
            };
            if self.old[old] != self.new[new] {
                break;
            }
            (x, y) = (x + 1, y + 1);
        }
        (x, y)
    }
}

/// What stays, with the changes between.
fn between(kept: impl Iterator<Item = Place>, old_len: usize, new_len: usize) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    for (old, new) in kept {
        push(&mut stretches, Stretch::changed(old_at..old, new_at..new));
        push(&mut stretches, Stretch::same(old, new, 1));
        (old_at, new_at) = (old + 1, new + 1);
    }
    push(&mut stretches, Stretch::changed(old_at..old_len, new_at..new_len));
    stretches
}

/// Moves what only came or only went as far down as it can go: what follows it may be the same as how it begins. A change it meets there
/// takes it in.
fn settled(stretches: Vec<Stretch>, old: &[&str], new: &[&str]) -> Vec<Stretch> {
    let mut settled: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for next in stretches {
        match settled.pop() {
            Some(change) if !change.is_same && next.is_same => {
                let by = slides(&change, next.old.len(), old, new);
                let moved = |range: &Range<usize>| range.start + by..range.end + by;
                push(&mut settled, Stretch::same(change.old.start, change.new.start, by));
                push(&mut settled, Stretch::changed(moved(&change.old), moved(&change.new)));
                push(&mut settled, next.part(by..next.old.len()));
            }
            last => {
                settled.extend(last);
                push(&mut settled, next);
            }
        }
    }
    settled
}

/// How far down a change can go, at most `room`.
fn slides(change: &Stretch, room: usize, old: &[&str], new: &[&str]) -> usize {
    let (sequence, range) = match (change.old.is_empty(), change.new.is_empty()) {
        (true, false) => (new, &change.new),
        (false, true) => (old, &change.old),
        (true, true) | (false, false) => return 0,
    };
    (0..room).take_while(|by| sequence[range.start + by] == sequence[range.end + by]).count()
}

/// Adds a stretch behind others: to the last one, if they are of a kind.
fn push(stretches: &mut Vec<Stretch>, next: Stretch) {
    match stretches.last_mut() {
        _ if next.is_empty() => {}
        Some(last) if last.is_same == next.is_same => (last.old.end, last.new.end) = (next.old.end, next.new.end),
        Some(_) | None => stretches.push(next),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn elements(text: &str) -> Vec<&str> {
        text.split("").filter(|element| !element.is_empty()).collect()
    }

    /// `=ab -c +d`: what stays, goes and comes.
    fn shown(old: &str, new: &str) -> String {
        let (old, new) = (elements(old), elements(new));
        let parts = stretches(&old, &new).into_iter().flat_map(|stretch| {
            let (went, came) = (old[stretch.old].concat(), new[stretch.new].concat());
            if stretch.is_same { vec![format!("={went}")] } else { vec![format!("-{went}"), format!("+{came}")] }
        });
        parts.filter(|part| part.len() > 1).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_stays_goes_and_comes() {
        for (old, new, meant) in [
            ("", "", ""),
            ("abc", "abc", "=abc"),
            ("", "ab", "+ab"),
            ("ab", "", "-ab"),
            ("abc", "adc", "=a -b +d =c"),
            ("abcabba", "cbabac", "-a +c =b -c =ab -b =a +c"),
            ("axb", "axxb", "=ax +x =b"),
            ("{a}{b}", "{a}{c}{b}", "={a}{ +c}{ =b}"),
        ] {
            assert_eq!(shown(old, new), meant, "{old} to {new}");
        }
    }
}
