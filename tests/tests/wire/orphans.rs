//! R7: nothing that an agent started outlives it, whatever session it made for itself, and nothing outlives its daemon for good.

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::events::{Cursor, message_text},
    daemon::Setup,
    deadline::until_true,
    processes,
    scripted_agent::script::Step,
};

use crate::spoken::Stage;

const LONG: u64 = 600;

/// The process id that the agent said.
async fn runaway(stage: &Stage, session: &str) -> anyhow::Result<i32> {
    let said = message_text(&stage.turn(session, [Step::Runaway { seconds: LONG }]).await?);
    let pid = said.parse().with_context(|| format!("a process id, not «{said}»"))?;
    anyhow::ensure!(processes::is_alive(pid), "it runs");
    Ok(pid)
}

#[tokio::test]
async fn what_left_the_process_group_of_a_dead_agent_is_gone_too() -> anyhow::Result<()> {
    let stage = Stage::set(Setup::new()).await?;
    let session = stage.client.new_session().await?;
    let pid = runaway(&stage, &session).await?;
    let mut stream = stage.client.events(&session).from(Cursor::START).open().await?;

    stage.ask(&session, [Step::Exit(7)]).await?;

    let rest = stream.rest().await?;
    assert_eq!(rest.last().map(|event| &event.kind), Some(&EventType::SessionDied));
    until_true("the runaway to be gone", || !processes::is_alive(pid)).await
}

#[tokio::test]
async fn what_a_killed_daemon_left_behind_is_ended_without_another() -> anyhow::Result<()> {
    let mut stage = Stage::set(Setup::new()).await?;
    let session = stage.client.new_session().await?;
    let pid = runaway(&stage, &session).await?;
    stage.turn(&session, [Step::Grandchild { seconds: LONG }]).await?;
    let left: Vec<i32> = stage.daemon.agents()?.into_iter().chain([pid]).collect();
    let keeper = stage.daemon.keeper().await?;

    stage.daemon.kill()?;

    until_true("all of them to be gone", || !left.iter().any(|&pid| processes::is_alive(pid))).await?;
    until_true("the keeper, too", || !processes::is_alive(keeper)).await
}

#[tokio::test]
async fn a_daemon_that_stops_takes_its_keeper_along() -> anyhow::Result<()> {
    let mut daemon = Setup::new().start().await?;
    let keeper = daemon.keeper().await?;
    daemon.stop().await?;
    until_true("the keeper to be gone", || !processes::is_alive(keeper)).await
}

/// Where the keeper was killed along with its daemon.
#[tokio::test]
async fn what_a_killed_daemon_left_behind_is_ended_by_the_next() -> anyhow::Result<()> {
    let mut stage = Stage::set(Setup::new()).await?;
    let session = stage.client.new_session().await?;
    let pid = runaway(&stage, &session).await?;
    stage.turn(&session, [Step::Grandchild { seconds: LONG }]).await?;
    let left: Vec<i32> = stage.daemon.agents()?.into_iter().chain([pid]).collect();
    assert!(left.len() > 2, "an agent, its grandchild and a runaway: {left:?}");

    processes::kill(stage.daemon.keeper().await?);
    stage.daemon.kill()?;
    assert!(processes::is_alive(pid), "nobody is there to end it");
    stage.daemon.start_again().await?;

    until_true("all of them to be gone", || !left.iter().any(|&pid| processes::is_alive(pid))).await
}

#[tokio::test]
async fn a_daemon_that_starts_leaves_those_of_a_living_one_alone() -> anyhow::Result<()> {
    let stage = Stage::set(Setup::new()).await?;
    let session = stage.client.new_session().await?;
    let living = runaway(&stage, &session).await?;
    let mut other = Stage::set(Setup::new()).await?;
    let theirs = other.client.new_session().await?;
    let left = runaway(&other, &theirs).await?;

    processes::kill(other.daemon.keeper().await?);
    other.daemon.kill()?;
    other.daemon.start_again().await?;

    until_true("what the dead one left to be gone", || !processes::is_alive(left)).await?;
    assert!(processes::is_alive(living));
    let agents = stage.daemon.agents()?;
    assert!(!agents.is_empty() && agents.iter().all(|&pid| processes::is_alive(pid)));
    Ok(())
}
