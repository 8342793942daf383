//! What the operating system says of this process.

use std::fs;

use roost_core::Millis;
use serde::Serialize;

use crate::clock;

/// Memory, in bytes. What the system does not tell is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// Resident.
    pub rss: u64,
    /// Reserved for data: heap and stacks.
    pub heap_total: u64,
    /// Resident, and not backed by a file.
    pub heap_used: u64,
}

/// More of it, for the metrics. `None` is what the system does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    pub cpu_seconds: Option<f64>,
    pub virtual_bytes: Option<u64>,
    pub resident_bytes: Option<u64>,
    pub open_files: Option<u64>,
}

impl Process {
    /// As of now. The files it reads exist in memory only.
    #[must_use]
    pub fn now() -> Self {
        let Some([_, resident, shared, .., data, _]) = pages() else { return Self::default() };
        Self { rss: resident, heap_total: data, heap_used: resident.saturating_sub(shared) }
    }
}

impl Usage {
    #[must_use]
    pub fn now() -> Self {
        let pages = pages();
        Self {
            cpu_seconds: cpu_seconds(),
            virtual_bytes: pages.map(|[total, ..]| total),
            resident_bytes: pages.map(|[_, resident, ..]| resident),
            open_files: fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64),
        }
    }
}

/// `statm` in bytes: total, resident, shared, text, library, data, dirty.
fn pages() -> Option<[u64; 7]> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let page = rustix::param::page_size() as u64;
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let numbers: [u64; 7] = numbers.try_into().ok()?;
    Some(numbers.map(|pages| pages * page))
}

/// User and system time.
fn cpu_seconds() -> Option<f64> {
    Some(seconds_at(11)? + seconds_at(12)?)
}

/// When the process began, to a hundredth of a second.
pub(super) fn started_at() -> Option<Millis> {
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let age = (uptime - seconds_at(19)?).max(0.0);
    Some(Millis(clock::now().0.saturating_sub((age * 1e3) as u64)))
}

/// A field of `stat` that counts ticks of the clock, counted from the one behind the process's name.
fn seconds_at(field: usize) -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything.
    let ticks: u64 = text.rsplit_once(')')?.1.split_whitespace().nth(field)?.parse().ok()?;
    Some(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}
