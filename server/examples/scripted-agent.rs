//! The agent that this crate's tests put behind the daemon: `scripted-agent SCRIPT.json`. Cargo builds it with the tests.

use anyhow::Context;
use roost_tests::scripted_agent::{ScriptFile, serve_stdio};

fn main() -> anyhow::Result<()> {
    let path = std::env::args().nth(1).context("usage: scripted-agent SCRIPT.json")?;
    serve_stdio(ScriptFile::open(path)?)?;
    Ok(())
}
