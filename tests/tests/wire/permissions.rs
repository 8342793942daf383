//! Who may decide, and what the others learn.

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::{Client, events::EventStream},
    daemon::{Daemon, Setup},
    fake_model::{FakeModel, Script, Step},
};
use serde_json::{Value, json};

struct Asked {
    // Held, so that the model and the daemon outlive the question.
    _model: FakeModel,
    daemon: Daemon,
    client: Client,
    session: String,
    prompt: String,
    request: String,
    stream: EventStream,
}

/// A daemon whose agent waits for a vote on writing `note.txt`.
async fn asked() -> anyhow::Result<Asked> {
    let write = Step::tool_call("write_file", json!({"file_path": "note.txt", "content": "kept\n"}));
    let model = FakeModel::start(Script::turns([vec![write], vec![Step::text("Done.")]])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "Write a note").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    let events = stream.until_type(EventType::PermissionRequest).await?;
    let request = events.last().and_then(|event| event.data["requestId"].as_str()).context("a request id")?.to_owned();
    Ok(Asked { _model: model, daemon, client, session, prompt: accepted.prompt_id, request, stream })
}

#[tokio::test]
async fn the_first_of_many_votes_decides_and_the_others_are_told() -> anyhow::Result<()> {
    let mut asked = asked().await?;
    let votes = (0..10).map(|_| {
        let (client, session, request) = (asked.client.clone(), asked.session.clone(), asked.request.clone());
        tokio::spawn(async move { client.allow(&session, &request, "proceed_once").await })
    });
    let mut statuses = Vec::new();
    for vote in votes.collect::<Vec<_>>() {
        statuses.push(vote.await??.status);
    }

    assert_eq!(statuses.iter().filter(|&&status| status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|&&status| status == 404).count(), 9, "{statuses:?}");
    let events = asked.stream.until_end_of(&asked.prompt).await?;
    let resolved: Vec<_> = events.iter().filter(|event| event.kind == EventType::PermissionResolved).collect();
    assert_eq!(resolved.len(), 1);
    assert_eq!(resolved[0].data["outcome"], json!({"outcome": "selected", "optionId": "proceed_once"}));
    Ok(())
}

#[tokio::test]
async fn a_rejected_call_writes_nothing_and_the_turn_ends() -> anyhow::Result<()> {
    let mut asked = asked().await?;
    asked.client.allow(&asked.session, &asked.request, "cancel").await?.ok()?;
    let events = asked.stream.until_end_of(&asked.prompt).await?;
    assert_eq!(events.last().map(|event| &event.kind), Some(&EventType::TurnComplete));
    assert!(!asked.daemon.workspace().join("note.txt").exists());
    Ok(())
}

#[tokio::test]
async fn a_vote_may_come_through_the_route_without_a_session() -> anyhow::Result<()> {
    let mut asked = asked().await?;
    let vote = json!({"outcome": {"outcome": "selected", "optionId": "proceed_once"}});
    assert_eq!(asked.client.post(&format!("/permission/{}", asked.request), &vote).await?.ok()?, json!({}));
    asked.stream.until_end_of(&asked.prompt).await?;
    assert!(asked.daemon.workspace().join("note.txt").exists());
    Ok(())
}

#[tokio::test]
async fn a_vote_that_makes_no_sense_leaves_the_question_open() -> anyhow::Result<()> {
    let asked = asked().await?;
    let path = format!("/session/{}/permission/{}", asked.session, asked.request);
    let bad: [(Value, u16, Option<&str>); 6] = [
        (json!({}), 400, None),
        (json!({"outcome": "selected"}), 400, None),
        (json!({"outcome": {"outcome": "selected"}}), 400, None),
        (json!({"outcome": {"outcome": "selected", "optionId": ""}}), 400, None),
        (json!({"outcome": {"outcome": "selected", "optionId": "nope"}}), 400, Some("invalid_option_id")),
        (json!({"outcome": {"outcome": "selected", "optionId": "__cancelled__"}}), 400, Some("invalid_option_id")),
    ];
    for (body, status, code) in bad {
        let answer = asked.client.post(&path, &body).await?;
        assert_eq!((answer.status, answer.code().as_deref()), (status, code), "{body}: {}", answer.text());
    }
    let other = asked.client.new_session().await?;
    assert_eq!(asked.client.allow(&other, &asked.request, "proceed_once").await?.status, 404, "another session's");
    let stranger = asked.client.clone().with_client_id("client_stranger");
    let answer = stranger.allow(&asked.session, &asked.request, "proceed_once").await?;
    assert_eq!((answer.status, answer.code().as_deref()), (400, Some("invalid_client_id")));

    let status = asked.client.get(&format!("/session/{}/status", asked.session)).await?.ok()?;
    assert_eq!(status["isWaitingForPermission"], true);
    let pending = &status["pendingInteractions"][0];
    assert_eq!(pending["requestId"], json!(asked.request));
    assert!(pending["createdAt"].as_str().is_some_and(|at| at.ends_with('Z')), "{pending}");
    Ok(())
}

#[tokio::test]
async fn cancelling_the_turn_resolves_its_question_as_cancelled() -> anyhow::Result<()> {
    let mut asked = asked().await?;
    asked.client.post(&format!("/session/{}/cancel", asked.session), &json!({})).await?;
    let events = asked.stream.until_end_of(&asked.prompt).await?;
    let resolved = events.iter().find(|event| event.kind == EventType::PermissionResolved).context("it is resolved")?;
    assert_eq!(resolved.data["outcome"], json!({"outcome": "cancelled"}));
    assert!(!asked.daemon.workspace().join("note.txt").exists());
    Ok(())
}
