//! The benchmark: one client, one run, and the same load on the floor, on Roost, and on another daemon when given one.
//!
//! The *floor* is a bare axum server that writes ready-made frames: no agent, no parsing, no state. What it reaches is
//! what this machine and this client allow. Absolute figures move with the machine; ratios taken in one run hold.

mod connection;
mod contestant;
mod disk;
pub mod floor;
mod holding;
mod latency;
mod load;
mod measures;
pub mod page;
mod reading;
mod reads;
pub mod report;

use std::path::PathBuf;

pub use self::measures::Mechanism;
use self::{contestant::Contestant, report::Report};
use crate::processes;

/// What to measure.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A tenth of the load, for a look at whether it works.
    pub quick: bool,
    /// Where to write the figures as JSON.
    pub json: Option<PathBuf>,
    /// The command line of another daemon, with `{port}` and `{workspace}` where they belong.
    pub upstream: Option<String>,
    /// The one mechanism to measure; all of them where none is named.
    pub only: Option<Mechanism>,
}

/// Measures every contestant, in turns.
pub fn run(options: &Options) -> anyhow::Result<Report> {
    let size = if options.quick { load::Size::quick() } else { load::Size::full() };
    let mut contestants = vec![Contestant::floor()?, Contestant::roost()?];
    contestants.extend(options.upstream.as_deref().map(Contestant::upstream));
    processes::open_as_many_files_as_allowed();
    let columns = measures::columns(&contestants, &size, options.only)?;
    Ok(Report::new(columns, options.quick, options.only.is_some()))
}
