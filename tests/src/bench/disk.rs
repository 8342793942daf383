//! What the machine's disk takes, so that what is on disk before it is acknowledged can be read beside it.

use std::{io, os::unix::fs::FileExt, time::Instant};

use super::latency::Latencies;

const LINE: [u8; 600] = [b'x'; 600];
const LINES: u64 = 200;

/// A line is written into room a file has already, and synced: the median of many, in milliseconds.
pub(super) fn sync_p50_ms() -> io::Result<f64> {
    let file = tempfile::tempfile()?;
    file.write_all_at(&vec![0; LINE.len() * LINES as usize], 0)?;
    file.sync_all()?;
    let mut synced = Latencies::default();
    for line in 0..LINES {
        let began = Instant::now();
        file.write_all_at(&LINE, line * LINE.len() as u64)?;
        file.sync_data()?;
        synced.push(began.elapsed());
    }
    Ok(synced.p50_ms())
}
