//! What went through the pipes between the daemon and its agents. Counted for the whole process, whose status tells it.

use std::sync::atomic::{AtomicU64, Ordering};

/// From agents.
pub static INBOUND: Pipe = Pipe::new();
/// To agents.
pub static OUTBOUND: Pipe = Pipe::new();

/// Messages in one direction.
#[derive(Debug)]
pub struct Pipe {
    count: AtomicU64,
    bytes: AtomicU64,
    longest: AtomicU64,
}

/// The same at one moment; sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    pub count: u64,
    pub bytes: u64,
    pub longest: u64,
}

impl Pipe {
    const fn new() -> Self {
        Self { count: AtomicU64::new(0), bytes: AtomicU64::new(0), longest: AtomicU64::new(0) }
    }

    /// One message of so many bytes.
    pub(super) fn passed(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.count.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if bytes > self.longest.load(Ordering::Relaxed) {
            self.longest.fetch_max(bytes, Ordering::Relaxed);
        }
    }

    #[must_use]
    pub fn read(&self) -> Passed {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Passed { count: read(&self.count), bytes: read(&self.bytes), longest: read(&self.longest) }
    }
}
