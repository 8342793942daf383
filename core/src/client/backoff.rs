//! How long to wait before trying again: doubling, with jitter, bounded, and never giving up.

use crate::Millis;

/// The first wait is at most this long.
pub const SHORTEST_WAIT: Millis = Millis(500);
/// No wait is longer than this, unless the daemon asks for it.
pub const LONGEST_WAIT: Millis = Millis(30_000);

/// The wait before attempt number `attempt` (from 0). `chance` is in `0.0..1.0`; half of the wait is random, so that clients which
/// were cut off together do not come back together.
#[must_use]
pub fn wait(attempt: u32, chance: f64) -> Millis {
    let ceiling = SHORTEST_WAIT.0.saturating_mul(1 << attempt.min(10)).min(LONGEST_WAIT.0);
    let half = ceiling / 2;
    // Far below 2^52, so nothing is lost on the way through a float.
    Millis(half + (half as f64 * chance.clamp(0.0, 1.0)) as u64)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn waits_grow_up_to_the_bound_and_no_further() {
        let waits: Vec<u64> = (0..40).map(|attempt| wait(attempt, 1.0).0).collect();
        assert!(waits.is_sorted());
        assert_eq!((waits[0], waits[39]), (SHORTEST_WAIT.0, LONGEST_WAIT.0));
    }

    #[test]
    fn chance_moves_a_wait_by_no_more_than_half() {
        assert_eq!(wait(3, 0.0).0 * 2, wait(3, 1.0).0);
        assert_eq!(wait(3, f64::NAN), wait(3, 0.0));
    }
}
