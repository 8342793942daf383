//! Turns that were interrupted, and go on.

use roost_tests::fake_model::Step;
use serde_json::{Value, json};

use crate::support::{Peer, Scene, eventually};

async fn interruption(peer: &Peer, session: &str) -> Value {
    let answer = peer.call("qwen/control/session/continue", json!({"sessionId": session})).await.expect("answers");
    let context = peer.call("qwen/status/session/context", json!({"sessionId": session})).await.expect("answers");
    let (recovery, interruption) = (&context["recovery"], &answer["interruption"]);
    assert_eq!(recovery["canContinue"], answer["accepted"]);
    let kind = if *interruption == "none" { json!("clean") } else { interruption.clone() };
    assert_eq!(recovery["kind"], kind);
    answer
}

#[tokio::test]
async fn a_turn_that_ended_by_itself_has_nothing_to_go_on_with() {
    let scene = Scene::talkative().await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let none = json!({"accepted": false, "interruption": "none"});
    assert_eq!(interruption(&peer, &session).await, none);
    peer.turn(&session, "go").await.0.expect("ends");
    assert_eq!(interruption(&peer, &session).await, none);
    let error = peer.go_on(&session).await.expect_err("refused");
    assert_eq!(error.code.value(), -32602);
    assert_eq!(scene.model().requests().len(), 1);
}

#[tokio::test]
async fn a_prompt_that_was_never_answered_goes_on_after_the_agent_was_killed() {
    let scene = Scene::with_turns([vec![Step::Hang], vec![Step::text("at last")]]).await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let _lost = peer.prompt(&session, "go");
    eventually("the request", || scene.model().requests().len() == 1).await;
    peer.child.kill().await.expect("killed");

    let mut peer = scene.start().await;
    peer.load(&scene, &session).await;
    peer.updates_so_far();
    let interrupted = json!({"accepted": true, "interruption": "interrupted_prompt"});
    assert_eq!(interruption(&peer, &session).await, interrupted);
    assert_eq!(peer.go_on(&session).await.expect("ends")["stopReason"], "end_turn");
    let messages = scene.model().requests()[1].messages().to_vec();
    assert_eq!(messages.len(), 2, "nothing is said that the user did not say: {messages:?}");
    assert_eq!(messages[1]["content"], "go");
    let prompts = scene.record_lines(&session).iter().filter(|record| record["type"] == "user").count();
    assert_eq!(prompts, 1);
    assert_eq!(interruption(&peer, &session).await["accepted"], false);
}

#[tokio::test]
async fn a_turn_that_broke_off_behind_results_goes_on_with_them() {
    let scene = Scene::with_turns([]).await;
    scene.write("a.txt", "one\n");
    let call = Step::tool_call("read_file", json!({"file_path": scene.path("a.txt")}));
    let turns = [vec![call], vec![Step::status(400)], vec![Step::text("read")]];
    let model = roost_tests::fake_model::FakeModel::start(roost_tests::fake_model::Script::turns(turns)).await;
    let scene = scene.behind(model.expect("the model starts"));
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    peer.turn(&session, "go").await.0.expect_err("the model fails");
    assert_eq!(interruption(&peer, &session).await["interruption"], "interrupted_turn");
    peer.go_on(&session).await.expect("ends");
    assert_eq!(scene.model().requests()[2].messages(), scene.model().requests()[1].messages());
}

#[tokio::test]
async fn an_answer_that_was_cancelled_is_taken_up_and_becomes_one() {
    let scene =
        Scene::with_turns([vec![Step::text("one "), Step::Hang], vec![Step::text("two")], vec![Step::text("ok")]])
            .await;
    let mut peer = scene.start().await;
    let session = peer.open(&scene).await;
    let end = peer.prompt(&session, "count");
    peer.update_where(|update| update["content"]["text"] == "one ").await;
    peer.cancel(&session);
    assert_eq!(end.await.expect("joins").expect("ends")["stopReason"], "cancelled");
    assert_eq!(interruption(&peer, &session).await["interruption"], "interrupted_turn");
    peer.go_on(&session).await.expect("ends");
    peer.turn(&session, "thanks").await.0.expect("ends");
    let requests = scene.model().requests();
    assert_eq!(requests[1].messages()[2]["content"], "one ");
    assert_eq!(requests[1].messages()[3]["role"], "user", "the model is told to take it up");
    let last = requests[2].messages();
    assert_eq!((last.len(), &last[2]["content"]), (4, &json!("one two")), "{last:?}");
}
