//! Times of the same thing done many times.

use std::time::Duration;

/// A set of durations. Its quantiles are nearest-rank: a value that was really measured.
#[derive(Debug, Default)]
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(super) fn push(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    pub(super) fn p50_ms(&mut self) -> f64 {
        self.quantile_ms(0.50)
    }

    pub(super) fn p99_ms(&mut self) -> f64 {
        self.quantile_ms(0.99)
    }

    fn quantile_ms(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_measured_values() {
        let mut latencies = Latencies::default();
        for ms in (1..=100).rev() {
            latencies.push(Duration::from_millis(ms));
        }
        assert_eq!((latencies.p50_ms(), latencies.p99_ms()), (50.0, 99.0));
    }
}
