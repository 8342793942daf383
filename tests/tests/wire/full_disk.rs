//! The disk is full for a while: nothing that was said is lost, and nothing is closed that would lose it.

use std::path::PathBuf;

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::{
        Client,
        events::{Cursor, check_gap_free, ids, message_text},
    },
    daemon::{Daemon, Setup},
    fake_model::{FakeModel, Script, Step},
    processes,
};
use serde_json::json;

use crate::damage::file_of;

/// A daemon whose session has said something long, so that only its journal is too large for [`fill`].
async fn stage(model: &FakeModel) -> anyhow::Result<(Daemon, Client, String)> {
    let daemon = Setup::new().model(model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    client.turn(&session, "one").await?;
    Ok((daemon, client, session))
}

fn journal_of(daemon: &Daemon, session: &str) -> anyhow::Result<PathBuf> {
    file_of(&daemon.home(), session, "events.jsonl").context("the session has a journal")
}

/// No further line of the session's journal can be written.
fn fill(daemon: &Daemon, session: &str) -> anyhow::Result<()> {
    let journal = std::fs::read(journal_of(daemon, session)?)?;
    let lines = journal.iter().rposition(|byte| *byte == b'\n').context("a journal has lines")? + 1;
    processes::limit_file_size(daemon.pid()?, Some(lines as u64))
}

fn make_room(daemon: &Daemon) -> anyhow::Result<()> {
    processes::limit_file_size(daemon.pid()?, None)
}

/// X1: what cannot be written keeps the session open, and whoever closes it is told why.
#[tokio::test]
async fn a_session_whose_last_words_cannot_be_written_stays_open_until_they_can() -> anyhow::Result<()> {
    let model =
        FakeModel::start(Script::turns([vec![Step::words(2_000)], vec![Step::text("said on a full disk")]])).await?;
    let (mut daemon, client, session) = stage(&model).await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    stream.until(|event| event.kind == EventType::TurnComplete).await?;
    fill(&daemon, &session)?;

    client.turn(&session, "two").await?;
    stream.until(|event| event.kind == EventType::SessionRecordingDegraded).await?;

    let refused = client.delete(&format!("/session/{session}")).await?;
    assert_eq!(refused.status, 500);
    let why = refused.json();
    assert_eq!((&why["code"], &why["sessionId"]), (&json!("session_store_failed"), &json!(session)));
    assert!(why["error"].as_str().is_some_and(|why| why.contains("Make room on the disk")), "{why}");
    let status = client.get(&format!("/session/{session}/status")).await?;
    assert_eq!(status.status, 200, "it is open");

    make_room(&daemon)?;
    assert_eq!(client.delete(&format!("/session/{session}")).await?.status, 204);
    let seen = stream.rest().await?;
    assert_eq!(seen.last().map(|event| &event.kind), Some(&EventType::SessionClosed));
    check_gap_free(&ids(&seen))?;
    let epoch = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?["eventEpoch"].clone();
    daemon.stop().await?;
    daemon.start_again().await?;

    let client = daemon.client()?;
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert!(loaded["compactedReplay"].to_string().contains("said on a full disk"), "nothing was lost");
    assert_eq!(loaded["eventEpoch"], epoch, "and the numbering goes on");
    Ok(())
}

/// A2: a session that cannot be closed is not archived, and its files stay where they are.
#[tokio::test]
async fn a_session_that_cannot_be_closed_is_not_archived_but_can_be_deleted() -> anyhow::Result<()> {
    let model =
        FakeModel::start(Script::turns([vec![Step::words(2_000)], vec![Step::text("said on a full disk")]])).await?;
    let (daemon, client, session) = stage(&model).await?;
    let journal = journal_of(&daemon, &session)?;
    fill(&daemon, &session)?;
    client.turn(&session, "two").await?;

    let archived = client.post("/sessions/archive", &json!({"sessionIds": [session]})).await?.ok()?;
    assert_eq!(archived["archived"], json!([]));
    assert_eq!(archived["errors"][0]["sessionId"], json!(session), "{archived}");
    assert!(archived["errors"][0]["error"].as_str().is_some_and(|why| why.contains("stays open")), "{archived}");
    assert!(journal.is_file());
    assert_eq!(client.get(&format!("/session/{session}/status")).await?.status, 200);

    let deleted = client.post("/sessions/delete", &json!({"sessionIds": [session]})).await?.ok()?;
    assert_eq!(deleted["removed"], json!([session]), "what is thrown away need not be written");
    assert!(!journal.exists());
    Ok(())
}

/// Recording goes on by itself with the next prompt after there is room, and what was kept meanwhile comes first.
#[tokio::test]
async fn what_a_full_disk_did_not_take_is_written_once_it_has_room() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::turns([
        vec![Step::words(2_000)],
        vec![Step::words(50)],
        vec![Step::text("there is room again")],
    ]))
    .await?;
    let (mut daemon, client, session) = stage(&model).await?;
    fill(&daemon, &session)?;
    client.turn(&session, "two").await?;
    let during = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    make_room(&daemon)?;
    client.turn(&session, "three").await?;
    // Not stopped: what is on disk now is all that the next daemon gets.
    daemon.kill()?;
    daemon.start_again().await?;

    let client = daemon.client()?;
    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(loaded["eventEpoch"], during["eventEpoch"], "the numbering goes on");
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let mut events = Vec::new();
    while !message_text(&events).contains("there is room again") {
        events.extend(stream.next().await?);
    }
    check_gap_free(&ids(&events))?;
    assert_eq!(ids(&events).first(), Some(&1));
    Ok(())
}

/// A session that cannot be recorded does not begin, and leaves no record that would pass for a damaged one.
#[tokio::test]
async fn a_session_that_finds_no_room_leaves_nothing_behind() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let client = daemon.client()?;
    let before = client.new_session().await?;
    processes::limit_file_size(daemon.pid()?, Some(0))?;
    let refused = client.post("/session", &json!({"sessionScope": "thread"})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (500, Some("session_store_failed")));
    make_room(&daemon)?;
    let own = journal_of(&daemon, &before)?;
    let records = own.ancestors().nth(2).context("records lie in a folder")?;
    let kept: Vec<_> = std::fs::read_dir(records)?.flatten().map(|record| record.file_name()).collect();
    assert_eq!(kept, [before.as_str()]);
    client.post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
    Ok(())
}
