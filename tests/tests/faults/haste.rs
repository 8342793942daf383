//! A clock that runs ahead: whoever waits a minute by it waits three seconds.

use std::time::{Duration, Instant};

use roost_core::Millis;

/// How much faster than real time.
const HASTE: u32 = 20;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Haste(Instant);

impl Haste {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Millis {
        let ahead = self.0.elapsed() * HASTE;
        Millis(u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX))
    }

    /// Real time until this clock shows `moment`.
    pub(crate) fn until(self, moment: Millis) -> Duration {
        Duration::from_millis(moment.since(self.now()).0) / HASTE
    }
}
