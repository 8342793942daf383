use futures_util::future::join_all;
use roost_core::EventType;
use roost_tests::{
    client::{
        Client,
        events::{Cursor, EventStream},
    },
    scripted_agent::{AgentScript, Step},
};
use serde_json::json;

use crate::host::Host;

fn asking() -> AgentScript {
    AgentScript::turns([vec![Step::AskToWrite { path: "note.txt".into(), content: "written".into() }]])
}

async fn ask(client: &Client, session: &str) -> anyhow::Result<(EventStream, String, String)> {
    let accepted = client.prompt(session, "write").await?;
    let mut stream = client.events(session).from(accepted.cursor()).open().await?;
    let events = stream.until_type(EventType::PermissionRequest).await?;
    let request = events.last().expect("it was waited for").data["requestId"].as_str().expect("an id").to_owned();
    Ok((stream, accepted.prompt_id, request))
}

/// V8: of many votes at once the first decides.
#[tokio::test]
async fn of_many_votes_at_once_one_decides_and_the_others_learn_it() -> anyhow::Result<()> {
    let host = Host::start(asking()).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let (mut stream, prompt, request) = ask(&client, &session).await?;
    let votes = (0..16).map(|n| {
        let (client, session, request) = (client.clone(), session.clone(), request.clone());
        async move { client.allow(&session, &request, if n % 2 == 0 { "yes" } else { "no" }).await }
    });
    let answers = join_all(votes).await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 404).count(), 15);

    let events = stream.until_end_of(&prompt).await?;
    let resolved: Vec<_> = events.iter().filter(|event| event.kind == EventType::PermissionResolved).collect();
    assert_eq!(resolved.len(), 1);
    let allowed = resolved[0].data["outcome"]["optionId"] == "yes";
    assert_eq!(host.config.workspace.join("note.txt").exists(), allowed);
    Ok(())
}

/// V4, V5: the route without a session finds the request, and tells a late vote its outcome.
#[tokio::test]
async fn the_route_without_a_session_finds_it() -> anyhow::Result<()> {
    let host = Host::start(asking()).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let (mut stream, prompt, request) = ask(&client, &session).await?;
    let vote = json!({"outcome": {"outcome": "selected", "optionId": "yes"}});
    assert_eq!(client.post(&format!("/permission/{request}"), &vote).await?.status, 200);
    stream.until_end_of(&prompt).await?;
    assert_eq!(std::fs::read_to_string(host.config.workspace.join("note.txt"))?, "written");
    let late = client.post(&format!("/permission/{request}"), &vote).await?;
    assert_eq!(late.status, 404);
    assert_eq!(late.json(), json!({"error": "No pending permission request", "requestId": request}));
    stream.until_type(EventType::PermissionAlreadyResolved).await?;
    Ok(())
}

#[tokio::test]
async fn an_option_that_is_not_offered_decides_nothing() -> anyhow::Result<()> {
    let host = Host::start(asking()).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let (_stream, _, request) = ask(&client, &session).await?;
    for option in ["maybe", "__cancelled__"] {
        let refused = client.allow(&session, &request, option).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_option_id")));
    }
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["isWaitingForPermission"], true);
    assert_eq!(status["pendingInteractions"][0]["requestId"], request);
    assert_eq!(status["pendingInteractions"][0]["options"][0]["label"], "Yes, write it");
    Ok(())
}

/// V4: a request is decided under its own session only; under another one's name it is not found, and nobody hears of it.
#[tokio::test]
async fn a_vote_under_the_name_of_another_session_finds_nothing() -> anyhow::Result<()> {
    let host = Host::start(asking()).await?;
    let client = host.client();
    let (session, other) = (client.new_session().await?, client.new_session().await?);
    let (mut stream, prompt, request) = ask(&client, &session).await?;
    let mut elsewhere = client.events(&other).from(Cursor::START).open().await?;
    let refused = client.allow(&other, &request, "yes").await?;
    assert_eq!((refused.status, refused.json()["requestId"].as_str()), (404, Some(request.as_str())));
    let status = client.get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(status["pendingInteractions"][0]["requestId"], request, "it is still open");
    assert_eq!(client.allow(&session, &request, "no").await?.status, 200);
    stream.until_end_of(&prompt).await?;
    assert_eq!(client.allow(&other, &request, "yes").await?.status, 404, "decided elsewhere is not decided here");
    client.delete(&format!("/session/{other}")).await?;
    let heard = elsewhere.rest().await?;
    assert!(heard.iter().all(|event| !event.kind.as_str().starts_with("permission_")), "{heard:?}");
    Ok(())
}
