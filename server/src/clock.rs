//! The clock of the shell: core takes time as an argument, this is where it comes from.

use std::time::SystemTime;

use roost_core::Millis;

/// The wall clock.
#[must_use]
pub fn now() -> Millis {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}
