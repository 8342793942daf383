//! The benchmark as a program; `cargo xtask bench` builds what it needs and starts it.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use roost_tests::bench::{self, Mechanism, Options, floor, page};

const HELP: &str = "\
usage: bench [--quick] [--only MECHANISM] [--json FILE] [--upstream \"COMMAND\"]
       bench --page

  --quick      a tenth of the load, to see whether it works
  --only       one mechanism: memory, sessions, turns, stream, fan-out, replay, reads, load or idle-streams
  --json FILE  the figures as JSON too
  --page       the page in a real browser, and nothing else
  --upstream   another daemon of the same protocol, as a third column; {port} and {workspace} in its
               command are filled in, its model and token are given in the environment";

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1).peekable();
    // The benchmark starts itself as the floor, so that the floor is a process of its own like the others.
    if arguments.next_if_eq("floor").is_some() {
        let port = arguments.next().and_then(|port| port.parse().ok()).context("floor needs a port")?;
        tokio::runtime::Runtime::new()?.block_on(floor::serve(port))?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.next_if_eq("--page").is_some() {
        let said = |figure: &page::Figure| println!("{figure}");
        tokio::runtime::Runtime::new()?.block_on(page::run(said))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => options.quick = true,
            "--only" => options.only = Some(mechanism(arguments.next())?),
            "--json" => options.json = Some(PathBuf::from(arguments.next().context("--json needs a file")?)),
            "--upstream" => options.upstream = Some(arguments.next().context("--upstream needs a command")?),
            _ => bail!("{HELP}"),
        }
    }
    let report = bench::run(&options)?;
    print!("{report}");
    if let Some(path) = &options.json {
        let json = serde_json::to_string_pretty(&report.to_json())?;
        fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn mechanism(name: Option<String>) -> anyhow::Result<Mechanism> {
    let named = name.and_then(|name| Mechanism::ALL.into_iter().find(|mechanism| mechanism.name() == name));
    named.context("--only needs the name of a mechanism: see bench --help")
}
