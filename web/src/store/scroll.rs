//! Where the reader is in the transcript. At the end it follows what is written; anywhere else it stays where it is.

use super::{RowKey, Talk, rows::Window};
use crate::browser::{self, timer};

/// Id of the element that scrolls.
pub(crate) const VIEW: &str = "talk";
/// A reader this close to the end, in pixels, is at the end.
const AT_END: f64 = 40.0;
/// How much is drawn beyond each edge, in heights of the view.
const MARGIN: f64 = 1.25;
/// The rows on screen are chosen anew when less than this is left beyond an edge: soon, so that few have to be drawn at a time.
const LEAST_MARGIN: f64 = 1.0;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    top: f64,
    height: f64,
}

impl Place {
    pub(super) fn top(self) -> f64 {
        self.top
    }
}

impl Talk {
    /// Goes to a row, wherever it is.
    pub(super) fn show_row(self, row: RowKey) {
        let Some(before) = self.with_rows(|rows| rows.height_before(row)) else { return };
        let mut place = self.place.get_untracked();
        let is_near = before > place.top && before < place.top + place.height / 2.0;
        if !is_near {
            place.top = (before - place.height / 4.0).max(0.0);
        }
        self.place.set(place);
        self.at_end.set_if_new(false);
        self.choose_rows();
        if let Some(view) = browser::element(VIEW).filter(|_| !is_near) {
            view.set_scroll_top(place.top as i32);
        }
    }

    /// The reader scrolled, or the view changed its size.
    pub(crate) fn scrolled(self) {
        let Some(view) = browser::element(VIEW) else { return };
        let place = Place { top: f64::from(view.scroll_top()), height: f64::from(view.client_height()) };
        let left = f64::from(view.scroll_height()) - place.top - place.height;
        self.place.set(place);
        self.at_end.set_if_new(left < AT_END);
        if left < AT_END {
            self.unseen.set_if_new(0);
        }
        self.look();
    }

    /// Called when something on screen changed its height, before it is painted.
    pub(crate) fn settle(self) {
        if self.at_end.get_untracked()
            && let Some(view) = browser::element(VIEW)
        {
            view.set_scroll_top(view.scroll_height());
        }
    }

    /// What is on screen has moved down by this much, and the reader goes along.
    pub(super) fn move_by(self, height: f64) {
        if height == 0.0 || self.at_end.get_untracked() {
            return;
        }
        let mut place = self.place.get_untracked();
        place.top += height;
        self.place.set(place);
        timer::next_frame(move || {
            if let Some(view) = browser::element(VIEW) {
                view.set_scroll_top(place.top as i32);
            }
        });
    }

    pub(super) fn to_end(self) {
        self.unseen.set_if_new(0);
        self.at_end.set_if_new(true);
        self.choose_rows();
        self.settle();
    }

    /// Chooses the rows on screen anew if the reader comes near the edge of those that are.
    fn look(self) {
        let place = self.place.get_untracked();
        let margin = place.height * LEAST_MARGIN;
        let needed = self.with_rows(|rows| rows.between(place.top - margin, place.top + place.height + margin));
        let shown = self.shown.get_untracked();
        if needed.range.start < shown.start || needed.range.end > shown.end {
            self.choose_rows();
        }
    }

    /// Chooses the rows on screen for where the reader is. Text that comes near for the first time is parsed now.
    pub(super) fn choose_rows(self) {
        let window = loop {
            let window = self.window();
            if !self.parse_texts(window.range.clone()) {
                break window;
            }
        };
        self.show(&window);
    }

    fn window(self) -> Window {
        let place = self.place.get_untracked();
        let height = if place.height > 0.0 { place.height } else { FIRST_HEIGHT };
        let margin = height * MARGIN;
        self.with_rows(|rows| {
            if self.at_end.get_untracked() {
                rows.last(height + margin)
            } else {
                rows.between(place.top - margin, place.top + height + margin)
            }
        })
    }

    fn show(self, window: &Window) {
        let keys = self.with_rows(|rows| rows.keys(window.range.clone()));
        self.shown.set(window.range.clone());
        self.above.set_if_new(window.above);
        self.below.set_if_new(window.below);
        self.rows.set_if_new(keys);
    }
}

/// Until the view has been measured it is taken to be this high.
const FIRST_HEIGHT: f64 = 900.0;
