//! How late the daemon is with what is due: a busy machine, or something that blocks where nothing may.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::time::Instant;

/// Time between measurements. An idle daemon should rarely be woken.
const PERIOD: Duration = Duration::from_secs(1);
/// How many looks are remembered: four minutes.
const KEPT: usize = 240;

/// The last delays.
#[derive(Debug, Default)]
pub struct Lag(Mutex<VecDeque<Duration>>);

/// What they come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    pub mean: Duration,
    pub median: Duration,
    /// 99 % were at most this late.
    pub p99: Duration,
    pub longest: Duration,
}

impl Lag {
    /// Starts to measure, for as long as the returned value lives.
    #[must_use]
    pub fn watch() -> Arc<Self> {
        let lag = Arc::new(Self::default());
        tokio::spawn(watch(Arc::downgrade(&lag)));
        lag
    }

    fn note(&self, late: Duration) {
        let mut delays = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if delays.len() == KEPT {
            delays.pop_front();
        }
        delays.push_back(late);
    }

    /// As of now; all zero before the first look.
    #[must_use]
    pub fn lateness(&self) -> Lateness {
        let mut delays: Vec<Duration> = self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        delays.sort_unstable();
        let Some(longest) = delays.last().copied() else { return Lateness::default() };
        let sum: Duration = delays.iter().sum();
        let count = u32::try_from(delays.len()).unwrap_or(u32::MAX);
        let at = |percent: usize| delays[(delays.len() * percent).div_ceil(100).saturating_sub(1)];
        Lateness { mean: sum / count, median: at(50), p99: at(99), longest }
    }
}

async fn watch(lag: Weak<Lag>) {
    loop {
        let due = Instant::now() + PERIOD;
        tokio::time::sleep_until(due).await;
        let Some(lag) = lag.upgrade() else { return };
        lag.note(due.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_told_by_rank_and_only_of_late() {
        let lag = Lag::default();
        assert_eq!(lag.lateness(), Lateness::default());
        for _ in 0..KEPT {
            lag.note(Duration::from_secs(9));
        }
        (1..=KEPT as u64).for_each(|ms| lag.note(Duration::from_millis(ms)));
        let told = lag.lateness();
        assert_eq!((told.median, told.p99), (Duration::from_millis(120), Duration::from_millis(238)));
        assert_eq!((told.longest, told.mean), (Duration::from_millis(240), Duration::from_micros(120_500)));
    }
}
