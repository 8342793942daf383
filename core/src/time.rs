//! Time as an argument: core never asks a clock.

use serde::{Deserialize, Serialize};

/// A moment (milliseconds since the Unix epoch) or a length of time, always in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// The time from `earlier` to `self`; zero when the clock went backwards.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// `self` moved into the future by `length`.
    #[must_use]
    pub fn after(self, length: Self) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_clock_that_went_backwards_measures_no_time() {
        assert_eq!(Millis(5).since(Millis(9)), Millis(0));
        assert_eq!(Millis(9).since(Millis(5)), Millis(4));
    }

    #[test]
    fn the_far_future_does_not_overflow() {
        assert_eq!(Millis(u64::MAX - 1).after(Millis(7)), Millis(u64::MAX));
    }
}
