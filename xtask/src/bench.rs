//! `cargo xtask bench`: builds for release, then hands over to the benchmark program, which explains its own flags.

use crate::{
    daemon, progress,
    project::{self, cargo},
};

pub(crate) fn run(flags: &[String]) -> anyhow::Result<()> {
    daemon::build_release()?;
    progress::run(
        "build the benchmark",
        cargo().args(["build", "--release", "--package", "roost-tests", "--bin", "bench"]),
    )?;
    let bench = project::target().join("release/bench").with_extension(std::env::consts::EXE_EXTENSION);
    let mut bench = std::process::Command::new(bench);
    progress::run_aloud("measure", bench.args(flags))
}
