//! The bounds of a bus.

use crate::Millis;

/// See the fields; out-of-range values are clamped where they are used.
#[derive(Clone, Debug)]
pub struct BusLimits {
    /// Events kept for replay: 1 to [`BusLimits::MAX_RING_SIZE`].
    pub ring_size: usize,
    /// The same in bytes of JSON: of events that are large, fewer are kept. The newest is kept whatever its size.
    pub ring_bytes: u64,
    /// Open streams of one session.
    pub max_subscribers: usize,
    /// Frame cap of a subscriber that names none.
    pub default_max_queued: MaxQueued,
    /// Byte cap of a subscriber, in bytes of JSON.
    pub max_queued_bytes: u64,
    /// How long a reader may make no progress before a cap it exceeds gets it evicted. Zero is the literal B4: at once.
    pub stall_grace: Millis,
}

impl BusLimits {
    pub const MAX_RING_SIZE: usize = 1_000_000;
    /// What the events of a ring may take on average, in bytes of JSON, before it keeps fewer of them.
    const RING_BYTES_AN_EVENT: u64 = 4 * 1024;
    /// What a ring may take however few events it is for: one with a picture in it should not push all others out.
    const MIN_RING_BYTES: u64 = 8 * 1024 * 1024;

    /// The default bounds, with a ring for so many events.
    #[must_use]
    pub fn with_ring_of(events: usize) -> Self {
        let ring_bytes = (events as u64 * Self::RING_BYTES_AN_EVENT).max(Self::MIN_RING_BYTES);
        Self { ring_size: events, ring_bytes, ..Self::default() }
    }

    pub(super) fn ring_size(&self) -> usize {
        self.ring_size.clamp(1, Self::MAX_RING_SIZE)
    }
}

impl Default for BusLimits {
    fn default() -> Self {
        Self {
            ring_size: 8_000,
            ring_bytes: 8_000 * Self::RING_BYTES_AN_EVENT,
            max_subscribers: 1_024,
            default_max_queued: MaxQueued::default(),
            max_queued_bytes: 2 * 1024 * 1024,
            stall_grace: Millis(10_000),
        }
    }
}

/// `?maxQueued`: live frames that may wait for one subscriber, 16 to 2048.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxQueued(u16);

/// Why a `?maxQueued` is refused: 400 `invalid_max_queued`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("maxQueued must be a decimal integer from {} to {}", MaxQueued::MIN, MaxQueued::MAX)]
pub struct InvalidMaxQueued;

impl MaxQueued {
    pub const MIN: u16 = 16;
    pub const MAX: u16 = 2_048;

    /// Reads the query value.
    pub fn parse(text: &str) -> Result<Self, InvalidMaxQueued> {
        let decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if decimal { text.parse().ok() } else { None };
        number.filter(|number| (Self::MIN..=Self::MAX).contains(number)).map(Self).ok_or(InvalidMaxQueued)
    }

    #[must_use]
    pub fn get(self) -> u64 {
        self.0.into()
    }
}

impl Default for MaxQueued {
    fn default() -> Self {
        Self(256)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn max_queued_is_decimal_and_bounded() {
        assert_eq!(MaxQueued::parse("16").map(MaxQueued::get), Ok(16));
        assert_eq!(MaxQueued::parse("2048").map(MaxQueued::get), Ok(2048));
        for bad in ["", "15", "2049", "+20", "0x20", "20.0", " 20", "99999999999999999999"] {
            assert_eq!(MaxQueued::parse(bad), Err(InvalidMaxQueued), "{bad:?}");
        }
    }
}
