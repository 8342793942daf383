//! How long to wait before trying again: doubling, with jitter, bounded, and never giving up.

use roost_core::Millis;

/// The first wait is at most this long.
pub(crate) const SHORTEST: Millis = Millis(500);
/// No wait is longer than this.
pub(crate) const LONGEST: Millis = Millis(30_000);

/// The wait before attempt number `attempt` (from 0). `chance` is in `0.0..1.0`; half of the wait is left to it, so that clients which
/// were cut off together do not come back together.
pub(crate) fn delay(attempt: u32, chance: f64) -> Millis {
    let ceiling = SHORTEST.0.saturating_mul(1 << attempt.min(10)).min(LONGEST.0);
    let half = ceiling / 2;
    Millis(half + (half as f64 * chance.clamp(0.0, 1.0)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_bound_and_no_further() {
        let waits: Vec<u64> = (0..40).map(|attempt| delay(attempt, 1.0).0).collect();
        assert!(waits.is_sorted());
        assert_eq!((waits[0], waits[39]), (SHORTEST.0, LONGEST.0));
    }

    #[test]
    fn chance_moves_a_wait_by_no_more_than_half() {
        assert_eq!(delay(3, 0.0).0 * 2, delay(3, 1.0).0);
    }
}
