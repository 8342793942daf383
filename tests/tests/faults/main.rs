//! R1, R2: a thousand seeded runs of cuts, silences, reconnects and `kill -9` of the daemon and of its agent, each checked against
//! the laws of the stream.
//!
//! `ROOST_FAULT_RUNS` sets how many, `ROOST_FAULT_SEED` where the seeds begin. What a failure prints repeats its batch.

mod batch;
mod cast;
mod haste;
mod history;
mod laws;
mod person;
mod run;
mod subscriber;
mod wire;

use std::{cell::RefCell, env};

use batch::{BATCH, Batch, Tally};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_runs_of_cuts_reconnects_and_kills_break_no_law() -> anyhow::Result<()> {
    let (runs, first) = (number("ROOST_FAULT_RUNS", 1_000), number("ROOST_FAULT_SEED", 1));
    let batches = (0..runs).step_by(BATCH).map(|nth| Batch { seed: first + nth as u64, runs: BATCH.min(runs - nth) });
    let batches = RefCell::new(batches);
    // Two at a time: while the daemon of one starts again, the other works.
    let (left, right) = tokio::join!(lane(&batches), lane(&batches));
    let ((mut tally, mut broken), (more, found)) = (left?, right?);
    tally += more;
    broken.extend(found);
    println!("{tally}");
    anyhow::ensure!(broken.is_empty(), "{} runs broke laws:\n{}", broken.len(), broken.join("\n\n"));
    Ok(())
}

/// One batch after the other, as long as there are any.
async fn lane(batches: &RefCell<impl Iterator<Item = Batch>>) -> anyhow::Result<(Tally, Vec<String>)> {
    let (mut tally, mut broken) = (Tally::default(), Vec::new());
    loop {
        let Some(batch) = batches.borrow_mut().next() else { return Ok((tally, broken)) };
        let (more, found) = batch.run().await?;
        tally += more;
        broken.extend(found);
    }
}

fn number<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
