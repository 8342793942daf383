//! What the operating system says of this process.

use std::fs;

use schemars::JsonSchema;
use serde::Serialize;

/// Memory, in bytes. What the system does not tell is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// Resident.
    pub rss: u64,
    /// Reserved for data: heap and stacks.
    pub heap_total: u64,
    /// Resident and of no file.
    pub heap_used: u64,
}

/// More of it, for the metrics. What the system does not tell is none.
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
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let ticks = ticks(11)? + ticks(12)?;
    Some(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}
