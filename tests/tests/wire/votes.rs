//! R11: ten people vote on each of many questions at once. One vote counts, the others are told, and no question outlives its turn.

use anyhow::{Context, ensure};
use roost_core::{Envelope, EventType};
use roost_tests::{
    client::{Client, events::Cursor},
    daemon::Setup,
    processes,
    scripted_agent::script::Step,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::spoken::{Stage, text};

const SESSIONS: usize = 4;
const QUESTIONS: usize = 25;
const VOTERS: usize = 10;

fn question(nth: usize) -> Step {
    Step::AskToWrite { path: format!("file-{nth}.txt").into(), content: "x".to_owned() }
}

/// Votes on everything it hears until the prompt ends; which of its votes counted, as (request, option).
async fn vote(
    client: Client,
    session: String,
    prompt: String,
    option: &'static str,
) -> anyhow::Result<(Vec<Value>, Vec<Envelope>)> {
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let (mut counted, mut events) = (Vec::new(), Vec::new());
    loop {
        let event = stream.next().await?.context("the stream goes on")?;
        let is_over = roost_tests::client::events::is_end_of(&event, &prompt);
        if event.kind == EventType::PermissionRequest {
            let request = event.data["requestId"].as_str().context("a request has an id")?;
            let answer = client.allow(&session, request, option).await?;
            ensure!(matches!(answer.status, 200 | 404), "{}: {}", answer.status, answer.text());
            if answer.status == 200 {
                counted.push(json!([request, option]));
            }
        }
        events.push(event);
        if is_over {
            return Ok((counted, events));
        }
    }
}

#[tokio::test]
async fn of_ten_voters_on_a_hundred_questions_one_decides_each() -> anyhow::Result<()> {
    let stage = Stage::set(Setup::new()).await?;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let session = stage.client.new_session().await?;
        let prompt = stage.ask(&session, (0..QUESTIONS).map(question).collect::<Vec<_>>()).await?.prompt_id;
        let mut voters = JoinSet::new();
        for nth in 0..VOTERS {
            let option = if nth % 2 == 0 { "yes" } else { "no" };
            voters.spawn(vote(stage.daemon.client()?, session.clone(), prompt.clone(), option));
        }
        sessions.push(voters);
    }
    for mut voters in sessions {
        let (mut counted, mut stories) = (Vec::new(), Vec::new());
        while let Some(voted) = voters.join_next().await {
            let (votes, events) = voted??;
            counted.extend(votes);
            stories.push(events);
        }
        let told = |events: &[Envelope]| -> Vec<Value> {
            let resolved = events.iter().filter(|event| event.kind == EventType::PermissionResolved);
            resolved.map(|event| json!([event.data["requestId"], event.data["outcome"]["optionId"]])).collect()
        };
        let outcomes = told(&stories[0]);
        assert_eq!(outcomes.len(), QUESTIONS);
        for story in &stories {
            assert_eq!(told(story), outcomes, "everybody is told the same");
        }
        let sorted = |mut votes: Vec<Value>| {
            votes.sort_by_key(ToString::to_string);
            votes
        };
        assert_eq!(sorted(counted), sorted(outcomes), "the votes that were told to count are those that decided");
    }
    Ok(())
}

#[tokio::test]
async fn an_open_question_is_shown_to_whoever_comes_late_and_goes_with_its_agent() -> anyhow::Result<()> {
    let stage = Stage::set(Setup::new()).await?;
    let client = &stage.client;
    let session = client.new_session().await?;
    let mut early = client.events(&session).from(Cursor::START).open().await?;
    stage.ask(&session, [text("first "), question(1)]).await?;
    let asked = early.until_type(EventType::PermissionRequest).await?;
    let request = asked.last().context("it asked")?.data["requestId"].clone();

    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert!(loaded["liveJournal"].to_string().contains(request.as_str().context("an id")?), "{loaded}");
    let mut late = client.events(&session).query("snapshot=1").from(Cursor::START).open().await?;
    let shown = late.until_type(EventType::ReplayComplete).await?;
    assert!(shown.iter().any(|event| event.data["requestId"] == request));
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["pendingInteractions"][0]["requestId"], request);

    for agent in stage.daemon.agents()? {
        processes::kill(agent);
    }

    let rest = late.rest().await?;
    let resolved = rest.iter().find(|event| event.kind == EventType::PermissionResolved);
    let resolved = resolved.context("whoever sees the question sees it go")?;
    assert_eq!((&resolved.data["requestId"], &resolved.data["outcome"]["outcome"]), (&request, &json!("cancelled")));
    client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["pendingInteractions"], json!([]), "{status}");
    let vote = client.allow(&session, request.as_str().context("an id")?, "yes").await?;
    assert_eq!(vote.status, 404, "a vote on a question that is gone decides nothing: {}", vote.text());
    assert!(!stage.daemon.workspace().join("file-1.txt").exists());
    Ok(())
}
