//! Compares Roost with the original; `cargo xtask conformance` builds what it needs and starts it.

use std::process::ExitCode;

use anyhow::{Context, bail};
use roost_tests::conformance;

const HELP: &str = "\
usage: conformance [--upstream \"COMMAND\"]

  --upstream   asks the original, too, and records its answers; {port} and {workspace} in its command are filled
               in, its model and token are given in the environment. Without it the recorded answers count.";

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let mut upstream = None;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--upstream" => upstream = Some(arguments.next().context("--upstream needs a command")?),
            _ => bail!("{HELP}"),
        }
    }
    if let Some(command) = upstream {
        let words: Vec<&str> = command.split_whitespace().collect();
        conformance::record(&conformance::ask(&words).await?)?;
    }
    let roost = conformance::ask_roost().await?;
    let found = conformance::differences(&roost, &conformance::recorded()?);
    let verdict = conformance::judge(roost.len(), found)?;
    println!("{verdict}");
    Ok(if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
