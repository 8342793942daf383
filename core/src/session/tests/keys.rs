//! A prompt that is sent again under its key is the same prompt.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// `id` is the daemon's fresh one for it; what is said is the same for the same key.
fn keyed(id: &str, key: &str) -> Command {
    let meta = Map::from_iter([(META_PROMPT_KEY.to_owned(), json!(key)), ("trace".to_owned(), json!(7))]);
    let blocks = vec![raw(&json!({"type": "text", "text": format!("do {key}")}))];
    Command::SendPrompt(SendPrompt { meta, blocks, ..prompt(id) })
}

fn send(stage: &mut Stage, id: &str, key: &str) -> Vec<String> {
    stage.command(Some("a"), keyed(id, key))
}

/// P17: what is sent again under its key is the same prompt.
#[test]
fn a_prompt_that_is_sent_again_is_answered_with_its_id_and_nothing_else_happens() {
    let mut stage = Stage::new(SessionConfig::default());
    assert!(send(&mut stage, "p1", "k").contains(&"reply accepted p1".to_owned()));
    assert_eq!(send(&mut stage, "p2", "k"), ["record keyed p1", "reply accepted p1"], "while it runs");
    stage.finish("end_turn");
    assert_eq!(send(&mut stage, "p3", "k"), ["record keyed p1", "reply accepted p1"], "and when it has ended");
    assert_eq!(stage.command(None, keyed("p4", "k")), ["record keyed p1", "reply accepted p1"], "whoever asks");
    assert_eq!(stage.calls.len(), 1);
    assert_eq!(stage.session.prompt_of(&PromptKey::try_from(Box::from("k")).expect("a key")), Some(&"p1".into()));
}

/// P16, P17: the key is the daemon's.
#[test]
fn the_agent_does_not_see_the_key() {
    let mut stage = Stage::new(SessionConfig::default());
    send(&mut stage, "p1", "k");
    assert_eq!(stage.calls[0].1["_meta"], json!({"trace": 7}));
}

/// P2, P17: what is sent again takes no place in the queue, and so is answered also where there is none.
#[test]
fn what_is_sent_again_needs_no_place_in_the_queue() {
    let mut stage = Stage::new(SessionConfig { max_pending_prompts: 2, ..SessionConfig::default() });
    send(&mut stage, "p1", "k");
    send(&mut stage, "p2", "l");
    assert_eq!(send(&mut stage, "p3", "m"), ["reply 2 prompts are pending, the limit is 2"]);
    assert_eq!(send(&mut stage, "p4", "l"), ["record keyed p2", "reply accepted p2"]);
    stage.finish("end_turn");
    let accepted = send(&mut stage, "p5", "m");
    assert!(accepted.contains(&"reply accepted p5".to_owned()), "what was refused had no key: {accepted:?}");
}

/// P17: a key is one prompt's.
#[test]
fn another_prompt_under_the_same_key_is_refused_without_a_trace() {
    let mut stage = Stage::new(SessionConfig::default());
    send(&mut stage, "p1", "k");
    let meta = Map::from_iter([(META_PROMPT_KEY.to_owned(), json!("k"))]);
    let other = Command::SendPrompt(SendPrompt { meta, ..prompt("p2") });
    assert_eq!(stage.command(Some("a"), other), [r#"reply another prompt was sent under the key "k""#]);
}

/// P17: a key outlives the daemon, and the folding of its journal.
#[test]
fn a_key_is_known_after_a_restart_and_in_a_journal_that_was_folded() {
    let mut before = Stage::new(SessionConfig::default());
    send(&mut before, "p1", "k");
    before.finish("end_turn");
    let mut after = before.restart();
    assert_eq!(after.command(None, keyed("p2", "k")), ["record keyed p1", "reply accepted p1"]);
    let (id, config) = (after.session.id().clone(), SessionConfig::default());
    let (session, effects) = Session::restore(Millis(1), id, config, Millis(1), after.session.standing_entries());
    let mut folded = Stage::over(session, effects);
    assert_eq!(folded.command(None, keyed("p3", "k")), ["record keyed p1", "reply accepted p1"]);
}

/// P17: 1,000 keys are remembered.
#[test]
fn the_oldest_key_is_forgotten_first() {
    let mut stage = Stage::new(SessionConfig::default());
    for n in 0..=1_000 {
        send(&mut stage, &format!("p{n}"), &format!("k{n}"));
        stage.finish("end_turn");
    }
    assert_eq!(send(&mut stage, "q", "k1"), ["record keyed p1", "reply accepted p1"]);
    assert!(send(&mut stage, "q", "k0").contains(&"reply accepted q".to_owned()));
}

/// P17: what a key looks like.
#[test]
fn a_key_is_a_short_text_on_one_line() {
    let key = |value: Value| PromptKey::of(&Map::from_iter([(META_PROMPT_KEY.to_owned(), value)]));
    assert_eq!(key(json!(null)), Ok(None));
    assert_eq!(key(json!("é".repeat(128))).map(|key| key.is_some()), Ok(true));
    for wrong in [json!(""), json!("é".repeat(129)), json!("a\nb"), json!(7), json!({}), json!(["k"])] {
        assert_eq!(key(wrong.clone()), Err(InvalidPromptKey), "{wrong}");
    }
}
