//! How long to wait before the model is asked again.

use std::time::Duration;

use crate::model::ModelError;

/// Attempts after the first.
const MAX_RETRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// Longest wait a server may ask for. A longer one is the user's to decide.
const LONGEST_ASKED_PAUSE: Duration = Duration::from_secs(60);

/// The pause before the next attempt, or none when there is to be none.
///
/// Doubles each time, spread over a quarter to either side so that many clients do not come back at once. What the
/// server asks for goes first.
pub(super) fn pause(error: &ModelError, retries: u32) -> Option<Duration> {
    if !error.is_transient() || retries >= MAX_RETRIES {
        return None;
    }
    if let Some(asked) = error.retry_after() {
        return (asked <= LONGEST_ASKED_PAUSE).then_some(asked);
    }
    let pause = FIRST_PAUSE.saturating_mul(1 << retries).min(LONGEST_PAUSE);
    Some(pause.mul_f64(0.75 + fastrand::f64() / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(retry_after: Option<u64>) -> ModelError {
        ModelError::Busy { url: "u".into(), retry_after: retry_after.map(Duration::from_secs), message: String::new() }
    }

    #[test]
    fn pauses_grow_and_end() {
        let bounds = |retries| {
            let pause = pause(&busy(None), retries).expect("a pause");
            let middle = FIRST_PAUSE * (1 << retries);
            (middle * 3 / 4 <= pause) && (pause <= middle * 5 / 4)
        };
        assert!((0..MAX_RETRIES).all(bounds));
        assert_eq!(pause(&busy(None), MAX_RETRIES), None);
    }

    #[test]
    fn what_the_server_asks_for_goes_first() {
        assert_eq!(pause(&busy(Some(7)), 0), Some(Duration::from_secs(7)));
        assert_eq!(pause(&busy(Some(3600)), 0), None);
    }

    #[test]
    fn a_lasting_failure_is_not_tried_again() {
        assert_eq!(pause(&ModelError::NoModel { url: "u".into() }, 0), None);
    }
}
