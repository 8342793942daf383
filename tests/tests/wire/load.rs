//! Many words, many readers, and one that stops reading.

use roost_core::{Envelope, EventType};
use roost_tests::{
    client::{
        Client,
        events::{Cursor, EventStream, check_gap_free, ids, message_text},
    },
    daemon::{Setup, scripted_agent_command},
    fake_model::{FakeModel, Script, Step, script::words},
    scripted_agent::script::{AgentScript, Step as AgentStep},
};
use tempfile::TempDir;

const WORDS: u64 = 10_000;

fn numbered(events: Vec<Envelope>) -> Vec<Envelope> {
    events.into_iter().filter(|event| event.id.is_some()).collect()
}

async fn subscribe(client: &Client, session: &str, readers: usize) -> anyhow::Result<Vec<EventStream>> {
    let mut streams = Vec::new();
    for _ in 0..readers {
        streams.push(client.events(session).from(Cursor::START).open().await?);
    }
    Ok(streams)
}

/// Every reader reads the whole turn; all histories are gap-free and the same.
async fn everybody_reads_everything(setup: Setup, readers: usize) -> anyhow::Result<()> {
    let daemon = setup.start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let streams = subscribe(&client, &session, readers).await?;
    let accepted = client.prompt(&session, "go").await?;
    let reading = streams.into_iter().map(|mut stream| {
        let prompt = accepted.prompt_id.clone();
        tokio::spawn(async move { stream.until_end_of(&prompt).await })
    });
    let mut histories = Vec::new();
    for history in reading.collect::<Vec<_>>() {
        histories.push(numbered(history.await??));
    }
    for history in &histories {
        check_gap_free(&ids(history))?;
        assert_eq!(message_text(history), words(WORDS));
        assert_eq!(history, &histories[0], "all readers read the same");
    }
    Ok(())
}

#[tokio::test]
async fn ten_thousand_unpaced_words_reach_one_reader() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::words(WORDS)])).await?;
    everybody_reads_everything(Setup::new().model(&model), 1).await
}

#[tokio::test]
async fn ten_thousand_unpaced_words_reach_thirty_two_readers() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::words(WORDS)])).await?;
    everybody_reads_everything(Setup::new().model(&model), 32).await
}

#[tokio::test]
async fn an_agent_that_sends_every_word_alone_evicts_no_reader_either() -> anyhow::Result<()> {
    let scratch = TempDir::with_prefix("roost-script-")?;
    let path = scratch.path().join("script.json");
    AgentScript::turns([vec![AgentStep::Words { count: WORDS, pace_ms: 0 }]]).save(&path)?;
    everybody_reads_everything(Setup::new().agent(scripted_agent_command(&path)?), 32).await
}

#[tokio::test]
async fn a_reader_that_stops_is_warned_and_evicted_and_the_others_are_unharmed() -> anyhow::Result<()> {
    let scratch = TempDir::with_prefix("roost-script-")?;
    let path = scratch.path().join("script.json");
    // More than any socket buffer holds, so that a reader who stops really stands in the way.
    let flood = || vec![AgentStep::Words { count: 60_000, pace_ms: 0 }];
    let paced = vec![AgentStep::Words { count: 1_500, pace_ms: 2 }];
    AgentScript::turns([flood(), paced]).save(&path)?;
    let daemon = Setup::new().agent(scripted_agent_command(&path)?).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let mut healthy = client.events(&session).from(Cursor::START).open().await?;
    // Opened and never read until the end: its own pool, so that no other request shares its connection.
    let mut stuck = daemon.client()?.events(&session).query("maxQueued=16").from(Cursor::START).open().await?;

    let first = client.prompt(&session, "flood").await?;
    let mut seen = healthy.until_end_of(&first.prompt_id).await?;
    let second = client.prompt(&session, "then time passes").await?;
    seen.extend(healthy.until_end_of(&second.prompt_id).await?);

    check_gap_free(&ids(&seen))?;
    assert_eq!(message_text(&seen), words(60_000) + &words(1_500));
    assert!(seen.iter().all(|event| event.kind != EventType::ClientEvicted));
    let late = stuck.rest().await?;
    let kinds: Vec<_> = late.iter().map(|event| &event.kind).collect();
    assert!(kinds.contains(&&EventType::SlowClientWarning), "it was warned");
    assert_eq!(kinds.last(), Some(&&EventType::ClientEvicted), "it was evicted last");
    check_gap_free(&ids(&late))?;

    let cursor = stuck.cursor().ok_or_else(|| anyhow::anyhow!("the evicted reader knows where it was"))?;
    let mut again = client.events(&session).from(cursor).open().await?;
    let resumed = again.until_type(EventType::ReplayComplete).await?;
    let gap_told = resumed[0].kind == EventType::StateResyncRequired;
    let continues = ids(&resumed).first().copied() == ids(&late).last().map(|last| last + 1);
    assert!(gap_told || continues, "it goes on exactly where it was, or is told that it cannot");
    Ok(())
}
