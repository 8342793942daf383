//! What clients keep with a session.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn annotate(stage: &mut Stage, change: AnnotationsChange) -> Vec<String> {
    stage.command(Some("a"), Command::Annotate(change))
}

#[test]
fn they_are_replaced_merged_and_cleared_on_disk_before_the_answer() {
    let mut stage = Stage::new(SessionConfig::default());
    let replaced = annotate(&mut stage, AnnotationsChange::Replace(object(&json!({"a": 1, "b": [2]}))));
    assert_eq!(replaced, ["record annotations", r#"reply {"a":1,"b":[2]}"#]);
    let merged = annotate(&mut stage, AnnotationsChange::Merge(object(&json!({"a": null, "c": "x"}))));
    assert_eq!(merged, ["record annotations", r#"reply {"b":[2],"c":"x"}"#]);
    let same = annotate(&mut stage, AnnotationsChange::Merge(Map::new()));
    assert_eq!(same, [r#"reply {"b":[2],"c":"x"}"#]);
    assert_eq!(json!(stage.restart().session.annotations()), json!({"b": [2], "c": "x"}));
    assert_eq!(annotate(&mut stage, AnnotationsChange::Clear), ["record annotations", "reply {}"]);
}

#[test]
fn too_many_too_large_and_nameless_ones_are_refused_whole() {
    let mut stage = Stage::new(SessionConfig::default());
    annotate(&mut stage, AnnotationsChange::Replace(object(&json!({"kept": true}))));
    let many: Map<String, Value> = (0..65).map(|number| (number.to_string(), json!(number))).collect();
    let large = object(&json!({"text": "x".repeat(Annotations::MAX_BYTES)}));
    for change in [many, large, object(&json!({"": 1})), object(&json!({"a\nb": 1}))] {
        let lines = annotate(&mut stage, AnnotationsChange::Merge(change));
        assert!(lines.len() == 1 && lines[0].starts_with("reply "), "{lines:?}");
    }
    assert_eq!(json!(stage.session.annotations()), json!({"kept": true}));
}

/// P16: the agent sees them under a key of the daemon's own, and only with a prompt that asks for that.
#[test]
fn p16_they_reach_the_agent_only_when_a_prompt_asks_for_it() {
    let mut stage = Stage::new(SessionConfig::default());
    annotate(&mut stage, AnnotationsChange::Replace(object(&json!({"thread": 7}))));
    let meta = object(&json!({META_ANNOTATIONS: {"forged": true}, "mine": 1}));
    stage.command(None, Command::SendPrompt(SendPrompt { meta: meta.clone(), ..prompt("p1") }));
    assert_eq!(stage.calls[0].1["_meta"], json!({"mine": 1}));
    stage.finish("end_turn");
    stage.command(None, Command::SendPrompt(SendPrompt { meta, with_annotations: true, ..prompt("p2") }));
    assert_eq!(stage.calls[1].1["_meta"], json!({"mine": 1, META_ANNOTATIONS: {"thread": 7}}));
}
