//! What the user says while a turn runs.

use agent_client_protocol::{Error, ErrorCode};
use roost_tests::fake_model::Step;
use serde_json::{Value, json};

use crate::support::{Peer, Scene};

const DRAIN: &str = "craft/drainMidTurnQueue";

/// A turn that reads a file `batches` times before it answers.
async fn reading(batches: usize) -> Scene {
    let scene = Scene::with_turns([]).await;
    scene.write("a.txt", "one\n");
    let call = || vec![Step::tool_call("read_file", json!({"file_path": scene.path("a.txt")}))];
    let turns = (0..batches).map(|_| call()).chain([vec![Step::text("done")]]);
    let model = roost_tests::fake_model::FakeModel::start(roost_tests::fake_model::Script::turns(turns)).await;
    scene.behind(model.expect("the model starts"))
}

async fn start(scene: &Scene) -> Peer {
    scene.start_with(json!({"_meta": {DRAIN: true}})).await
}

fn roles(messages: &[Value]) -> Vec<&str> {
    messages.iter().filter_map(|message| message["role"].as_str()).collect()
}

/// M2: after each batch of calls the client is asked, and what it hands over stands behind the results, in order.
#[tokio::test]
async fn what_is_said_during_a_turn_reaches_the_model_behind_the_next_results() {
    let scene = reading(2).await;
    let mut peer = start(&scene).await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    let question = peer.question().await;
    assert_eq!((question.method.as_str(), &question.params), (DRAIN, &json!({"sessionId": session})));
    question.answer(Ok(json!({"items": [
        {"messageId": "m1", "displayText": "first", "content": [{"type": "text", "text": "first"}]},
        {"messageId": "m2", "displayText": "second", "content": []},
    ]})));
    peer.question().await.answer(Ok(json!({"messages": []})));
    end.await.expect("joins").expect("ends");

    let requests = scene.model().requests();
    assert_eq!(roles(requests[1].messages()), ["system", "user", "assistant", "tool", "user", "user"]);
    assert_eq!(requests[1].messages()[4]["content"], "first");
    assert_eq!(requests[1].messages()[5]["content"], "second");
    assert_eq!(requests[2].messages().len(), 8, "they are said once");

    let records = scene.record_lines(&session);
    let said: Vec<&Value> = records.iter().filter(|record| record["subtype"] == "mid_turn_user_message").collect();
    assert_eq!(said.len(), 2);
    assert_eq!(said[0]["message"]["parts"][0]["text"], "first");

    let mut again = start(&scene).await;
    again.load(&scene, &session).await;
    let shown = again.update_where(|update| update["content"]["text"] == "first").await;
    assert_eq!(shown["_meta"]["source"], "mid_turn_message_injected");
}

/// M2: a client that does not know the question is asked once.
#[tokio::test]
async fn a_client_that_does_not_know_the_question_is_not_asked_again() {
    let scene = reading(2).await;
    let mut peer = start(&scene).await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    peer.question().await.answer(Err(Error::new(ErrorCode::METHOD_NOT_FOUND, "what?")));
    assert_eq!(end.await.expect("joins").expect("ends")["stopReason"], "end_turn");
    assert!(!peer.has_question());
}

#[tokio::test]
async fn a_client_that_promised_nothing_is_not_asked() {
    let scene = reading(1).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.turn(&session, "go").await.0.expect("ends");
    assert!(!peer.has_question());
}

/// M2: an answer that comes after the turn was cancelled is not lost.
#[tokio::test]
async fn what_is_handed_over_too_late_is_said_in_the_next_turn() {
    let scene = reading(1).await;
    let mut peer = start(&scene).await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    let question = peer.question().await;
    peer.cancel(&session);
    assert_eq!(end.await.expect("joins").expect("ends")["stopReason"], "cancelled");
    question.answer(Ok(json!({"messages": ["late"]})));
    // Any call answered after it shows that the agent has read it.
    peer.call("qwen/status/session/stats", json!({"sessionId": session})).await.expect("answers");
    peer.turn(&session, "next").await.0.expect("ends");
    let requests = scene.model().requests();
    let texts: Vec<&Value> =
        requests.last().expect("a request").messages().iter().map(|message| &message["content"]).collect();
    assert!(texts.ends_with(&[&json!("late"), &json!("next")]), "{texts:?}");
}

#[tokio::test]
async fn what_the_user_ran_in_a_shell_is_told_with_the_next_prompt() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let shell = json!({"sessionId": session, "command": "ls", "output": "a.txt"});
    let answer = peer.call("qwen/control/session/shell_history", shell).await.expect("kept");
    assert_eq!(answer, json!({"sessionId": session, "injected": true}));
    peer.turn(&session, "what is there?").await.0.expect("ends");
    let request = &scene.model().requests()[0];
    let said = request.messages()[1]["content"].as_str().expect("text").to_owned();
    assert!(said.contains("ls") && said.contains("a.txt"), "{said}");
    assert_eq!(request.messages()[2]["content"], "what is there?");
}

/// A prompt that failed behind a message is sent again with the message, whether the agent was restarted meanwhile or not.
#[tokio::test]
async fn what_was_said_during_a_turn_that_failed_is_said_again_with_the_retry() {
    let scene = Scene::with_turns([]).await;
    scene.write("a.txt", "one\n");
    let call = Step::tool_call("read_file", json!({"file_path": scene.path("a.txt")}));
    let turns = [vec![call], vec![Step::status(400)], vec![Step::status(400)], vec![Step::text("done")]];
    let model = roost_tests::fake_model::FakeModel::start(roost_tests::fake_model::Script::turns(turns)).await;
    let scene = scene.behind(model.expect("the model starts"));
    let mut peer = start(&scene).await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "go");
    peer.question().await.answer(Ok(json!({"messages": ["mind the gap"]})));
    end.await.expect("joins").expect_err("the model fails");

    let retry = json!({
        "sessionId": session, "prompt": [{"type": "text", "text": "go"}], "_meta": {"qwen.daemon.retry": true},
    });
    peer.call("session/prompt", retry.clone()).await.expect_err("the model fails again");
    peer.stop().await;
    let peer = start(&scene).await;
    peer.load(&scene, &session).await;
    peer.call("session/prompt", retry).await.expect("ends");
    let requests = scene.model().requests();
    let messages = requests[3].messages();
    assert_eq!(messages, requests[2].messages(), "a restart makes no difference");
    assert_eq!(roles(messages), ["system", "user", "assistant", "tool", "user", "user"]);
    let said: Vec<&Value> = messages[4..].iter().map(|message| &message["content"]).collect();
    assert_eq!(said, ["mind the gap", "go"]);
    let prompts = scene.record_lines(&session).iter().filter(|record| record["type"] == "user").count();
    assert_eq!(prompts, 2, "neither is recorded twice");
}
