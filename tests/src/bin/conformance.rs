//! Compares Roost with the original; `cargo xtask conformance` builds what it needs and starts it.

use std::process::ExitCode;

use anyhow::{Context, bail};
use roost_tests::{
    conformance::{self, Said},
    program,
};

const HELP: &str = "\
usage: conformance [--upstream \"COMMAND\"] [--scene NAME]

  --upstream   asks the original, too, and records what it says; {port} and {workspace} in its command are filled
               in, its model and token are given in the environment. Without it the record counts.
  --scene      plays the conversations whose name has this in it, with Roost or with the original, and shows what
               was said; nothing is compared or recorded.";

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let (mut upstream, mut scene) = (None, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--upstream" => upstream = Some(arguments.next().context("--upstream needs a command")?),
            "--scene" => scene = Some(arguments.next().context("--scene needs a name")?),
            _ => bail!("{HELP}"),
        }
    }
    let upstream: Option<Vec<&str>> = upstream.as_deref().map(|command| command.split_whitespace().collect());
    if let Some(scene) = scene {
        show(upstream.as_deref(), &scene).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(words) = upstream {
        record(&words).await?;
    }
    let roost = Said::by_roost().await?;
    let found = roost.differences(&Said::recorded()?);
    let verdict = conformance::judge(roost.count(), found)?;
    println!("{verdict}");
    Ok(if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Asks the original anew, and tells what it says otherwise than it did.
async fn record(words: &[&str]) -> anyhow::Result<()> {
    let said = Said::by(words).await?;
    let changed = said.changed_since(&Said::recorded()?);
    said.record()?;
    let (answers, conversations) = said.count();
    println!("{answers} answers and {conversations} conversations recorded, {} of them changed", changed.len());
    for name in changed {
        println!("changed: {name}");
    }
    Ok(())
}

async fn show(upstream: Option<&[&str]>, scene: &str) -> anyhow::Result<()> {
    let roost = program::roost()?.display().to_string();
    let words = upstream.map_or_else(|| conformance::command_line(&roost), <[_]>::to_vec);
    for (name, conversation) in conformance::rehearse(&words, scene).await? {
        match conversation {
            Ok(said) => println!("{name}\n{said}"),
            Err(error) => println!("{name}\n  failed: {error:#}"),
        }
    }
    Ok(())
}
