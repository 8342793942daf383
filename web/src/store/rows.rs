//! The transcript as a list of rows, of which only those near the reader are on screen.
//!
//! A row is a block of an entry: a paragraph, a code block, a tool card. Laws: rows are sorted by key; the heights of the rows outside a
//! window and of the window add up to the height of all; a measured height outlives the row's visit to the screen.

use std::ops::Range;

use roost_core::transcript::EntryId;

/// Names a row for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RowKey {
    pub(crate) entry: EntryId,
    pub(crate) part: Part,
}

/// Which row of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    /// Its n-th block; an entry that is not text has one.
    Block(u32),
    /// The line under the last entry of a finished turn.
    TurnEnd,
}

impl RowKey {
    pub(crate) fn block(entry: EntryId, nth: u32) -> Self {
        Self { entry, part: Part::Block(nth) }
    }

    pub(crate) fn turn_end(entry: EntryId) -> Self {
        Self { entry, part: Part::TurnEnd }
    }
}

/// All rows with their heights, in CSS pixels; a height nobody has measured is a guess.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    key: RowKey,
    height: f64,
}

/// The rows on screen, and the heights that stand for the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Window {
    pub(super) range: Range<usize>,
    pub(super) above: f64,
    pub(super) below: f64,
}

impl Rows {
    pub(super) fn keys(&self, range: Range<usize>) -> Vec<RowKey> {
        self.rows.get(range).unwrap_or_default().iter().map(|row| row.key).collect()
    }

    pub(super) fn all(&self) -> Vec<RowKey> {
        self.keys(0..self.rows.len())
    }

    /// The row at this height, counted from the top of the first.
    pub(super) fn at_height(&self, height: f64) -> Option<RowKey> {
        let mut end = 0.0;
        let row = self.rows.iter().find(|row| {
            end += row.height;
            end > height
        });
        row.map(|row| row.key)
    }

    /// How far down a row begins.
    pub(super) fn height_before(&self, key: RowKey) -> Option<f64> {
        self.find(key).ok().map(|place| self.above(place))
    }

    pub(super) fn contains(&self, key: RowKey) -> bool {
        self.find(key).is_ok()
    }

    /// Gives an entry `count` rows. Rows that it keeps keep their heights; `guess` says how high a new one is, about.
    pub(super) fn set_blocks(&mut self, entry: EntryId, count: usize, guess: impl Fn(usize) -> f64) {
        let start = self.from(RowKey::block(entry, 0));
        let end = self.from(RowKey::turn_end(entry));
        let kept = (end - start).min(count);
        let row = |nth| Row { key: RowKey::block(entry, nth as u32), height: guess(nth) };
        self.rows.splice(start + kept..end, (kept..count).map(row));
    }

    pub(super) fn end_turn(&mut self, entry: EntryId, guess: f64) {
        let key = RowKey::turn_end(entry);
        if let Err(at) = self.find(key) {
            self.rows.insert(at, Row { key, height: guess });
        }
    }

    pub(super) fn remove(&mut self, entry: EntryId) {
        let start = self.from(RowKey::block(entry, 0));
        let end = self.rows.partition_point(|row| row.key <= RowKey::turn_end(entry));
        self.rows.drain(start..end);
    }

    /// Notes how high a row turned out to be.
    pub(super) fn measure(&mut self, key: RowKey, height: f64) {
        if let Ok(at) = self.find(key) {
            self.rows[at].height = height;
        }
    }

    /// Takes the heights of those rows that are in `others` too.
    pub(super) fn measure_like(&mut self, others: &Self) {
        for row in &others.rows {
            self.measure(row.key, row.height);
        }
    }

    /// How much further down the row at this place stands in `others`; 0 for one that is not in both.
    pub(super) fn moved_to(&self, place: usize, others: &Self) -> f64 {
        let there = self.rows.get(place).and_then(|row| others.find(row.key).ok());
        there.map_or(0.0, |there| others.above(there) - self.above(place))
    }

    /// The heights before this place, together.
    fn above(&self, place: usize) -> f64 {
        self.rows.iter().take(place).map(|row| row.height).sum()
    }

    /// The rows that show between `top` and `bottom`, counted from the top of the first row.
    pub(super) fn between(&self, top: f64, bottom: f64) -> Window {
        let mut offset = 0.0;
        let mut window = Window::default();
        for (at, row) in self.rows.iter().enumerate() {
            let end = offset + row.height;
            if end < top {
                window.range = at + 1..at + 1;
                window.above = end;
            } else if offset <= bottom {
                window.range.end = at + 1;
            } else {
                window.below += row.height;
            }
            offset = end;
        }
        window
    }

    /// The last rows, `height` pixels of them.
    pub(super) fn last(&self, height: f64) -> Window {
        let all: f64 = self.rows.iter().map(|row| row.height).sum();
        self.between(all - height, f64::INFINITY)
    }

    fn find(&self, key: RowKey) -> Result<usize, usize> {
        self.rows.binary_search_by_key(&key, |row| row.key)
    }

    fn from(&self, key: RowKey) -> usize {
        self.rows.partition_point(|row| row.key < key)
    }
}

#[cfg(test)]
mod tests {
    use roost_core::transcript::Seq;
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn entry(event: u64) -> EntryId {
        EntryId(Seq { event, nth: 0 })
    }

    fn ten_rows() -> Rows {
        let mut rows = Rows::default();
        for event in 1..=5 {
            rows.set_blocks(entry(event), 2, |_| 10.0);
        }
        rows
    }

    #[test]
    fn heights_outside_and_inside_a_window_add_up() {
        let rows = ten_rows();
        for top in 0..100 {
            let window = rows.between(f64::from(top), f64::from(top) + 25.0);
            let inside = window.range.len() as f64 * 10.0;
            assert!((window.above + inside + window.below - 100.0).abs() < 1e-9, "{window:?}");
        }
    }

    #[test]
    fn a_window_covers_what_it_was_asked_for() {
        let window = ten_rows().between(35.0, 52.0);
        assert_eq!((window.range, window.above, window.below), (3..6, 30.0, 40.0));
    }

    #[test]
    fn the_last_window_ends_with_the_last_row() {
        let window = ten_rows().last(25.0);
        assert_eq!((window.range, window.below), (7..10, 0.0));
    }

    #[test]
    fn a_growing_entry_keeps_what_was_measured() {
        let mut rows = ten_rows();
        rows.measure(RowKey::block(entry(5), 0), 33.0);
        rows.set_blocks(entry(5), 3, |_| 10.0);
        assert_eq!((rows.rows.len(), rows.between(0.0, 1e9).range.len()), (11, 11));
        assert_eq!(rows.last(5.0).above, 123.0);
    }

    #[test]
    fn rows_that_come_in_front_move_those_that_were_there() {
        let mut last = Rows::default();
        last.set_blocks(entry(4), 2, |_| 10.0);
        last.set_blocks(entry(5), 2, |_| 10.0);
        last.measure(RowKey::block(entry(4), 1), 33.0);
        let mut all = ten_rows();
        all.measure_like(&last);
        assert_eq!(all.last(5.0).above, 123.0 - 10.0);
        assert_eq!((last.moved_to(0, &all), last.moved_to(3, &all)), (60.0, 60.0));
        assert_eq!((all.moved_to(9, &last), all.moved_to(0, &last), last.moved_to(7, &all)), (-60.0, 0.0, 0.0));
    }

    #[test]
    fn an_entry_that_leaves_takes_its_turn_end_along() {
        let mut rows = ten_rows();
        rows.end_turn(entry(3), 20.0);
        rows.remove(entry(3));
        assert_eq!(rows.rows.len(), 8);
        assert!(!rows.contains(RowKey::turn_end(entry(3))));
    }
}
