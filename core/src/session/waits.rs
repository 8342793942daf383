//! How long prompts have waited for their turn.

use super::Session;
use crate::Millis;

/// Waits that are over. One of nothing at all is one, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    pub count: u64,
    /// Together.
    pub total: Millis,
    pub longest: Millis,
    /// When the last one ended, and how long it was.
    pub last: Option<(Millis, Millis)>,
}

impl Waits {
    pub(super) fn over(&mut self, now: Millis, since: Millis) {
        let length = now.since(since);
        *self = self.with(Self { count: 1, total: length, longest: length, last: Some((now, length)) });
    }

    /// These and others.
    #[must_use]
    pub fn with(self, others: Self) -> Self {
        Self {
            count: self.count + others.count,
            total: self.total.after(others.total),
            longest: self.longest.max(others.longest),
            last: self.last.max(others.last),
        }
    }
}

impl Session {
    /// The waits of the prompts that the agent got.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.waits
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn waits_add_up_and_the_last_is_the_one_that_ended_last() {
        let (mut one, mut other) = (Waits::default(), Waits::default());
        one.over(Millis(50), Millis(10));
        one.over(Millis(60), Millis(60));
        other.over(Millis(55), Millis(54));
        let all = one.with(other);
        assert_eq!(all, other.with(one));
        assert_eq!(
            all,
            Waits { count: 3, total: Millis(41), longest: Millis(40), last: Some((Millis(60), Millis(0))) }
        );
    }
}
