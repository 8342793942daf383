//! R4: sessions come and go, clients connect and leave in the middle of what they are told, turns run by the thousand. The daemon's
//! memory and its open files do not grow with any of it.
//!
//! `ROOST_SOAK_ROUNDS` makes it longer: a round is a session, its turns and its readers.

use std::{env, fs};

use roost_tests::{
    client::{Client, events::Cursor},
    daemon::Setup,
    deadline::until_true,
    processes,
    scripted_agent::script::Step,
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::spoken::{Stage, spoken};

/// Rounds between two looks.
const STRETCH: usize = 48;
/// After so many stretches the allocator has what it will need: memory has levelled off, or never will.
const MOST_STRETCHES: usize = 8;
const LANES: usize = 4;
const TURNS: usize = 8;
const READERS: usize = 3;

/// What a session that is over may have left after a stretch that is level.
const BYTES_A_SESSION: u64 = 32 * 1024;
/// Connections that wait to be used again, and what comes and goes by itself.
const SLACK_FILES: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_turns_leave_no_memory_and_no_files_behind() -> anyhow::Result<()> {
    let asked = env::var("ROOST_SOAK_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let stage = Stage::set(Setup::new()).await?;
    let daemon = stage.daemon.pid()?;
    live(&stage, STRETCH).await?;
    let files = open_files(daemon);
    let mut memory = vec![processes::memory(&[daemon])];
    loop {
        live(&stage, STRETCH).await?;
        let (before, after) = (memory[memory.len() - 1], processes::memory(&[daemon]));
        memory.push(after);
        let is_level = after <= before + BYTES_A_SESSION * STRETCH as u64;
        let rounds = memory.len() * STRETCH;
        if is_level && rounds >= asked {
            println!("{} turns, bytes after each {}: {memory:?}, {files} files", rounds * TURNS, STRETCH * TURNS);
            break;
        }
        let is_long = rounds > asked.max(MOST_STRETCHES * STRETCH);
        anyhow::ensure!(is_level || !is_long, "memory only grows, {STRETCH} rounds at a time: {memory:?}");
    }
    let health = stage.client.get("/health?deep=1").await?.ok()?;
    assert_eq!((&health["sessions"], &health["activePrompts"]), (&json!(0), &json!(0)), "{health}");
    until_true("the files to be closed", || open_files(daemon) <= files + SLACK_FILES).await
}

/// So many rounds, several at a time.
async fn live(stage: &Stage, rounds: usize) -> anyhow::Result<()> {
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let client = stage.daemon.client()?;
        lanes.spawn(async move {
            for _ in (lane..rounds).step_by(LANES) {
                round(&client).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(())
}

async fn round(client: &Client) -> anyhow::Result<()> {
    let session = client.new_session().await?;
    let turn = spoken([Step::Think("Hm. ".repeat(20)), Step::Words { count: 40, pace_ms: 0 }])?;
    for _ in 0..TURNS {
        let accepted = client.prompt(&session, &turn).await?;
        for nth in 0..READERS {
            let mut reader = client.events(&session).from(Cursor::START).open().await?;
            if nth == 0 {
                reader.until_end_of(&accepted.prompt_id).await?;
            } else {
                // And leaves with most of it unread.
                reader.next().await?;
            }
        }
    }
    let closed = client.delete(&format!("/session/{session}")).await?;
    anyhow::ensure!(closed.status == 204, "{}", closed.text());
    Ok(())
}

fn open_files(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}
