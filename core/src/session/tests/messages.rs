//! M1–M3.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::acp::RpcId;

/// A session whose prompt `p1`, sent by `a`, runs.
fn stage() -> Stage {
    let mut stage = Stage::new(SessionConfig::default());
    stage.send("p1");
    stage
}

fn message(id: &str) -> Command {
    saying(id, &format!("and {id}"))
}

fn saying(id: &str, text: &str) -> Command {
    Command::QueueMessage(QueueMessage { message_id: id.into(), text: text.into(), content: Vec::new() })
}

fn say(stage: &mut Stage, id: &str) -> Vec<String> {
    stage.command(Some("b"), message(id))
}

fn take_back(stage: &mut Stage, id: &str) -> Vec<String> {
    stage.command(Some("a"), Command::RemoveMessage { message_id: id.into() })
}

fn drain(stage: &mut Stage) -> Vec<String> {
    drain_for(stage, None)
}

fn drain_for(stage: &mut Stage, asking: Option<&str>) -> Vec<String> {
    stage.agent(AgentInput::DrainMessages { rpc_id: RpcId::Number(7), asking: asking.map(Into::into) })
}

/// What the agent got from the latest drain.
fn drained(lines: &[String]) -> Value {
    let answer = lines.iter().find_map(|line| line.strip_prefix("answer 7 ")).expect("the agent is answered");
    serde_json::from_str(answer).expect("the answer is JSON")
}

/// M1: while a prompt is pending a message is taken, on disk first, and announced under its own id.
#[test]
fn m1_a_message_is_taken_while_a_prompt_is_pending() {
    let mut stage = stage();
    assert_eq!(say(&mut stage, "m1"), ["record message m1", "publish pending_prompt_added m1", "reply message m1"]);
    assert_eq!(
        stage.data(&EventType::PendingPromptAdded),
        json!({"sessionId": "s", "promptId": "m1", "text": "and m1", "queuedAt": 1000})
    );
    assert_eq!(stage.originator(&EventType::PendingPromptAdded), Some("b"));
    assert_eq!(
        json!(stage.session.message_queue()),
        json!({"messages": [{"messageId": "m1", "text": "and m1"}], "settledMessageIds": [], "promotedMessageIds": []})
    );
    assert_eq!(stage.pending().as_array().map(Vec::len), Some(1), "it is no prompt");
}

/// M1: what is pending need not run yet.
#[test]
fn m1_a_message_is_taken_while_a_prompt_waits_for_the_agent() {
    let mut stage = Stage::new(SessionConfig::default()).restart();
    stage.command(None, ask("p1"));
    assert_eq!(
        stage.command(None, message("m1")),
        ["record message m1", "publish pending_prompt_added m1", "reply message m1"]
    );
    assert_eq!(drained(&drain(&mut stage))["messages"], json!([]), "there is no turn to say it in");
    stage.agent(AgentInput::Ready(AgentState::default()));
    assert_eq!(drained(&drain(&mut stage))["messages"], json!(["and m1"]));
}

/// M1: an idle session, a full queue and another message under the same id are refused, and nothing happens.
#[test]
fn m1_what_cannot_wait_is_refused_without_a_trace() {
    let mut idle = Stage::new(SessionConfig::default());
    assert_eq!(say(&mut idle, "m1"), ["reply no message: session_idle"]);
    let mut stage = stage();
    for number in 0..20 {
        say(&mut stage, &format!("m{number}"));
    }
    let published = stage.published.len();
    assert_eq!(say(&mut stage, "m20"), ["reply no message: queue_full"]);
    assert_eq!(say(&mut stage, "p1"), ["reply no message: message_id_conflict"]);
    assert_eq!(stage.command(None, saying("m3", "else")), ["reply no message: message_id_conflict"]);
    assert_eq!(stage.published.len(), published);
}

/// M1: the same message under the same id is taken once, however often it is sent.
#[test]
fn m1_a_message_sent_again_is_the_same_message() {
    let mut stage = stage();
    say(&mut stage, "m1");
    assert_eq!(say(&mut stage, "m1"), ["reply message m1"]);
    drain(&mut stage);
    assert_eq!(say(&mut stage, "m1"), ["reply message m1"], "the agent has it already");
    assert_eq!(drained(&drain(&mut stage))["messages"], json!([]));
}

/// M1: a message that waits can be taken back, once.
#[test]
fn m1_a_message_can_be_taken_back_while_it_waits() {
    let mut stage = stage();
    say(&mut stage, "m1");
    assert_eq!(
        take_back(&mut stage, "m1"),
        ["record settled messages m1", "publish pending_prompt_completed m1", "reply removed true"]
    );
    assert_eq!(
        stage.data(&EventType::PendingPromptCompleted),
        json!({"sessionId": "s", "promptId": "m1", "state": "removed"})
    );
    assert_eq!(take_back(&mut stage, "m1"), ["reply removed false"]);
    assert_eq!(stage.finish("end_turn"), ["publish turn_complete p1", "record settled p1"]);
    assert_eq!(json!(stage.session.message_queue())["settledMessageIds"], json!(["m1"]));
}

/// M2: the agent gets at most ten at once, in order, in one event, and nobody hears that they completed.
#[test]
fn m2_ten_messages_a_drain_in_order_and_in_one_event() {
    let mut stage = stage();
    for number in 0..12 {
        say(&mut stage, &format!("m{number}"));
    }
    let lines = drain(&mut stage);
    let ids: Vec<String> = (0..10).map(|number| format!("m{number}")).collect();
    assert_eq!(
        lines[..2],
        [format!("record settled messages {}", ids.join(" ")), "publish mid_turn_message_injected p1".into()]
    );
    let data = stage.data(&EventType::MidTurnMessageInjected);
    assert_eq!(data["messageIds"], json!(ids));
    assert_eq!(data["messages"][9], "and m9");
    assert_eq!(stage.originator(&EventType::MidTurnMessageInjected), Some("b"));
    let answer = drained(&lines);
    assert_eq!(answer["hasQueuedPrompt"], false);
    assert_eq!(
        answer["items"][0],
        json!({"messageId": "m0", "displayText": "and m0", "content": [{"type": "text", "text": "and m0"}]})
    );
    assert_eq!(drained(&drain(&mut stage))["messages"], json!(["and m10", "and m11"]));
    assert!(!stage.published.iter().any(|draft| draft.kind == EventType::PendingPromptCompleted));
}

/// M2: pictures travel with the words, and nothing is injected where nothing waits or another turn asks.
#[test]
fn m2_content_travels_along_and_an_empty_drain_says_nothing() {
    let mut stage = stage();
    assert_eq!(drain(&mut stage).len(), 1);
    let content = vec![raw(&json!({"type": "image", "data": "AA==", "mimeType": "image/png"}))];
    let message = QueueMessage { message_id: "m1".into(), text: "look".into(), content };
    stage.command(Some("a"), Command::QueueMessage(message));
    assert_eq!(drained(&drain_for(&mut stage, Some("another")))["items"], json!([]));
    let items = drained(&drain_for(&mut stage, Some("p1")))["items"].clone();
    assert_eq!(items[0]["content"][1]["mimeType"], "image/png");
    let told = stage.data(&EventType::MidTurnMessageInjected);
    assert_eq!(told["items"], json!([{"content": [{"type": "image", "data": "AA==", "mimeType": "image/png"}]}]));
}

/// M3: what no tool call came for becomes prompts of their own, behind those that wait already, under the same ids.
#[test]
fn m3_what_is_left_over_becomes_prompts_behind_the_queue() {
    let mut stage = stage();
    say(&mut stage, "m1");
    stage.send("p2");
    assert_eq!(
        stage.finish("end_turn"),
        [
            "publish turn_complete p1",
            "record settled p1",
            "record accepted m1",
            "record started p2",
            "publish pending_prompt_started p2",
            "publish session_update p2",
            "call session/prompt",
        ]
    );
    assert_eq!(json!(stage.session.message_queue())["promotedMessageIds"], json!(["m1"]));
    stage.finish("end_turn");
    assert_eq!(stage.latest(&EventType::PendingPromptStarted).prompt_id, Some("m1".into()));
    assert_eq!(stage.calls[2].1["prompt"], json!([{"type": "text", "text": "and m1"}]));
    stage.finish("end_turn");
    assert_eq!(stage.data(&EventType::TurnComplete)["promptId"], "m1");
}

/// M3: a message was accepted, so that no cap keeps it from becoming a prompt; nor does the way its turn ended.
#[test]
fn m3_every_message_becomes_a_prompt_however_its_turn_ended_and_whatever_the_cap() {
    let config =
        || SessionConfig { max_pending_prompts: 1, prompt_deadline: Some(Millis(1_000)), ..SessionConfig::default() };
    let expire = |stage: &mut Stage| {
        stage.pass(1_000);
        stage.finish("cancelled")
    };
    let ends: [fn(&mut Stage) -> Vec<String>; 4] =
        [|stage| stage.finish("cancelled"), Stage::fail, |stage| stage.finish("end_turn"), expire];
    for end in ends {
        let mut stage = Stage::new(config());
        stage.send("p1");
        let names: Vec<String> = (0..20).map(|number| format!("m{number}")).collect();
        for name in &names {
            say(&mut stage, name);
        }
        end(&mut stage);
        let pending = stage.pending();
        let ids =
            pending.as_array().into_iter().flatten().map(|prompt| prompt["promptId"].as_str().unwrap_or_default());
        assert_eq!(ids.collect::<Vec<_>>(), names);
        assert_eq!(stage.send("p2"), ["reply 20 prompts are pending, the limit is 1"], "the cap counts them");
        for name in &names {
            assert_eq!(stage.latest(&EventType::PendingPromptStarted).prompt_id, Some(name.as_str().into()));
            stage.finish("end_turn");
        }
    }
}

/// M3: a promoted message is taken back like the prompt it is.
#[test]
fn m3_a_promoted_message_can_still_be_taken_back() {
    let mut stage = stage();
    say(&mut stage, "m1");
    stage.send("p2");
    stage.finish("end_turn");
    assert_eq!(take_back(&mut stage, "m1").last().map(String::as_str), Some("reply removed true"));
    assert_eq!(stage.data(&EventType::TurnComplete)["stopReason"], "cancelled");
    assert_eq!(take_back(&mut stage, "p2"), ["reply removed false"], "that one is no message");
}

/// M3, P14: a session that ends takes its messages with it, and says so.
#[test]
fn m3_messages_end_with_their_session() {
    let mut stage = stage();
    say(&mut stage, "m1");
    let lines = stage.command(Some("a"), Command::Close);
    let at = |line: &str| lines.iter().position(|other| other == line).expect("it happens");
    assert!(at("publish turn_error p1") < at("publish pending_prompt_completed m1"));
    assert!(at("publish pending_prompt_completed m1") < at("publish session_closed"));
}

/// M3: a message that was accepted before a crash is asked after it.
#[test]
fn m3_a_crash_of_the_daemon_loses_no_message() {
    let mut before = stage();
    say(&mut before, "m1");
    say(&mut before, "m2");
    take_back(&mut before, "m2");
    let mut after = before.restart();
    assert_eq!(after.pending()[0]["promptId"], "m1");
    after.agent(AgentInput::Ready(AgentState::default()));
    assert_eq!(after.calls[0].1["prompt"], json!([{"type": "text", "text": "and m1"}]));
    let queue = json!(after.restart().session.message_queue());
    assert_eq!((&queue["settledMessageIds"], &queue["promotedMessageIds"]), (&json!(["m2"]), &json!(["m1"])));
}
