//! Permission requests, asked of an editor.

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::events::Cursor,
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::{
    editor::{Editor, Stream, is_news},
    host::Host,
    screen::Screen,
};

fn asking() -> AgentScript {
    AgentScript::turns([vec![Step::AskToWrite { path: "note.txt".into(), content: "written".into() }]])
}

fn is_question(message: &Value) -> bool {
    message["method"] == "session/request_permission"
}

/// A session whose agent has asked: its stream, and the question.
async fn asked(editor: &Editor) -> anyhow::Result<(Stream, Stream, String, Value)> {
    let mut stream = editor.stream().await?;
    let session = editor.new_session(&mut stream).await?;
    let mut told = editor.session_stream(&session, None).await?;
    editor.prompt(2, &session, "write").await?;
    let question = told.until(is_question).await?.pop().context("it was waited for")?.message;
    Ok((stream, told, session, question))
}

fn answer(question: &Value, outcome: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": question["id"], "result": {"outcome": outcome}})
}

fn yes() -> Value {
    json!({"outcome": "selected", "optionId": "yes"})
}

fn note(host: &Host) -> Option<String> {
    std::fs::read_to_string(host.config.workspace.join("note.txt")).ok()
}

#[tokio::test]
async fn an_editor_is_asked_and_its_answer_decides() -> anyhow::Result<()> {
    let host = Host::start(asking()).await?;
    let editor = Editor::connect(&host.client()).await?;
    let (_stream, mut told, session, question) = asked(&editor).await?;
    assert_eq!(question["id"], "_qwen_perm_1");
    let params = &question["params"];
    assert_eq!(params["sessionId"], session.as_str());
    assert_eq!(params["toolCall"]["kind"], "edit");
    assert_eq!(params["options"][0]["optionId"], "yes");
    let pending = host.client().get(&format!("/session/{session}/status")).await?.ok()?;
    assert_eq!(params["_meta"]["qwen"]["requestId"], pending["pendingInteractions"][0]["requestId"]);
    assert_eq!(host.daemon().app().acp.traffic().pending_client_requests, 1);

    assert_eq!(editor.post(&answer(&question, &yes())).await?.status, 202);
    let resolved = told.news("permission_resolved").await?;
    assert_eq!(resolved["outcome"], yes());
    assert!(resolved["voterClientId"].is_string(), "{resolved}");
    assert_eq!(told.result(2).await?, json!({"stopReason": "end_turn"}));
    assert_eq!(note(&host).as_deref(), Some("written"));
    assert_eq!(host.daemon().app().acp.traffic().pending_client_requests, 0);
    Ok(())
}

#[tokio::test]
async fn a_vote_over_rest_decides_too_and_an_answer_after_it_changes_nothing() -> anyhow::Result<()> {
    let host = Host::start(asking()).await?;
    let editor = Editor::connect(&host.client()).await?;
    let (_stream, mut told, session, question) = asked(&editor).await?;
    let request = question["params"]["_meta"]["qwen"]["requestId"].as_str().context("an id")?;
    assert_eq!(host.client().allow(&session, request, "no").await?.status, 200);
    assert_eq!(told.news("permission_resolved").await?["outcome"]["optionId"], "no");
    assert_eq!(editor.post(&answer(&question, &yes())).await?.status, 202);
    let lines = told.until(|message| is_news(message, "turn_complete")).await?;
    assert!(!lines.iter().any(|line| is_news(&line.message, "permission_already_resolved")));
    assert_eq!(note(&host), None);
    Ok(())
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_a_refusal() -> anyhow::Result<()> {
    for (what, body) in [
        ("an error", json!({"error": {"code": -32000, "message": "no"}})),
        ("no outcome", json!({"result": {}})),
        ("a null", json!({"result": null})),
        ("an option nobody offered", json!({"result": {"outcome": {"outcome": "selected", "optionId": "maybe"}}})),
        ("the reserved option", json!({"result": {"outcome": {"outcome": "selected", "optionId": "__cancelled__"}}})),
        ("a word", json!({"result": {"outcome": "yes"}})),
        ("a refusal", json!({"result": {"outcome": {"outcome": "cancelled"}}})),
    ] {
        let host = Host::start(asking()).await?;
        let editor = Editor::connect(&host.client()).await?;
        let (_stream, mut told, _, question) = asked(&editor).await?;
        let mut message = json!({"jsonrpc": "2.0", "id": question["id"]});
        message.as_object_mut().context("an object")?.extend(body.as_object().context("an object")?.clone());
        assert_eq!(editor.post(&message).await?.status, 202, "{what}");
        assert_eq!(told.news("permission_resolved").await?["outcome"], json!({"outcome": "cancelled"}), "{what}");
        told.news("turn_complete").await?;
        assert_eq!(note(&host), None, "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn a_question_that_is_open_is_asked_again_under_its_number() -> anyhow::Result<()> {
    let host = Host::start(asking()).await?;
    let editor = Editor::connect(&host.client()).await?;
    let (_stream, told, session, question) = asked(&editor).await?;
    drop(told);
    let mut told = editor.session_stream(&session, Some(Cursor::START)).await?;
    let again = told.until(is_question).await?.pop().context("it was waited for")?.message;
    assert_eq!(again, question);
    editor.post(&answer(&again, &yes())).await?;
    told.result(2).await?;
    assert_eq!(note(&host).as_deref(), Some("written"));
    // What is decided is told, and asked no more.
    let mut told = editor.session_stream(&session, Some(Cursor::START)).await?;
    let lines = told.until(|message| is_news(message, "turn_complete")).await?;
    assert!(!lines.iter().any(|line| is_question(&line.message)));
    assert!(lines.iter().any(|line| is_news(&line.message, "permission_request")));
    Ok(())
}

#[tokio::test]
async fn every_connection_of_a_session_is_asked_and_the_first_answer_counts() -> anyhow::Result<()> {
    let host = Host::start(asking()).await?;
    let (editor, _stream, session) = Editor::open(&host.client()).await?;
    let mut told = editor.session_stream(&session, None).await?;
    let mut screen = Screen::connect(&host).await?;
    screen.call(1, "session/load", &json!({"sessionId": session})).await?;
    let mut follower = host.client().events(&session).from(Cursor::START).open().await?;
    editor.prompt(2, &session, "write").await?;
    let here = told.until(is_question).await?.pop().context("it was waited for")?.message;
    let there = screen.until(is_question).await?.pop().context("it was waited for")?;
    assert_eq!(here["params"], there["params"]);
    screen.send(&answer(&there, &yes())).await?;
    told.news("permission_resolved").await?;
    editor.post(&answer(&here, &json!({"outcome": "selected", "optionId": "no"}))).await?;
    told.result(2).await?;
    assert_eq!(note(&host).as_deref(), Some("written"));
    let events = follower.until_type(EventType::TurnComplete).await?;
    assert_eq!(events.iter().filter(|event| event.kind == EventType::PermissionResolved).count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_method_votes_as_an_answer_does() -> anyhow::Result<()> {
    let host = Host::start(asking()).await?;
    let editor = Editor::connect(&host.client()).await?;
    let (mut stream, mut told, session, question) = asked(&editor).await?;
    let request = &question["params"]["_meta"]["qwen"]["requestId"];
    let vote = json!({"sessionId": session, "requestId": request, "outcome": yes()});
    editor.ask(3, "session/permission", &vote).await?;
    assert_eq!(stream.result(3).await?, json!({}));
    told.result(2).await?;
    assert_eq!(note(&host).as_deref(), Some("written"));
    Ok(())
}
