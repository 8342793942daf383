//! What a session has made or points at.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::artifact::{Artifact, ArtifactWish, Fingerprint, Look, RestoreState, Status};

fn add_looking(stage: &mut Stage, client: &str, look: Look, members: &Value) -> Vec<String> {
    let wish = ArtifactWish::read(members.as_object().expect("an object")).expect("a wish");
    stage.command(Some(client), Command::AddArtifact { wish: Box::new(wish), look })
}

fn add(stage: &mut Stage, client: &str, members: &Value) -> Vec<String> {
    add_looking(stage, client, Look::None, members)
}

fn link(stage: &mut Stage, client: &str, title: &str, path: &str) -> Vec<String> {
    add(stage, client, &json!({"title": title, "url": format!("https://e.org/{path}")}))
}

fn remove(stage: &mut Stage, client: &str, title: &str) -> Vec<String> {
    let id = named(stage, title).id.clone();
    stage.command(Some(client), Command::RemoveArtifact { id })
}

fn named(stage: &Stage, title: &str) -> Artifact {
    let all = stage.session.artifacts();
    all.into_iter().find(|artifact| &*artifact.title == title).expect("there is one of this title")
}

fn titles(stage: &Stage) -> Vec<String> {
    stage.session.artifacts().iter().map(|artifact| artifact.title.to_string()).collect()
}

/// T1: on disk, then told to everyone, then answered.
#[test]
fn t1_what_is_declared_is_on_disk_and_told_before_it_is_answered() {
    let mut stage = Stage::new(SessionConfig::default());
    let lines = link(&mut stage, "a", "Report", "r");
    assert_eq!(lines, ["record kept Report", "publish artifact_changed", "reply created Report"]);
    assert_eq!(stage.originator(&EventType::ArtifactChanged), Some("a"));
    let told = stage.data(&EventType::ArtifactChanged);
    let artifact = named(&stage, "Report");
    assert_eq!(told["sessionId"], "s");
    assert_eq!(told["change"], json!({"action": "created", "artifactId": artifact.id, "artifact": artifact}));
    let lines = remove(&mut stage, "a", "Report");
    assert_eq!(lines, ["record forgotten", "publish artifact_changed", "reply removed Report"]);
    assert_eq!(stage.data(&EventType::ArtifactChanged)["change"]["reason"], "explicit");
    let lines = stage.command(Some("a"), Command::RemoveArtifact { id: artifact.id });
    assert_eq!(lines, ["reply "], "nothing is removed twice");
}

/// T2: no two are in one place, and what is not said stays.
#[test]
fn t2_what_is_declared_again_is_changed_and_only_news_is_told() {
    let mut stage = Stage::new(SessionConfig::default());
    add(
        &mut stage,
        "a",
        &json!({"title": "Old", "url": "https://e.org", "description": "stays", "metadata": {"x": 1}}),
    );
    let before = named(&stage, "Old");
    assert_eq!(add(&mut stage, "a", &json!({"title": "Old", "url": "https://E.org/"})), ["reply "]);
    stage.now = Millis(5_000);
    let lines = add(&mut stage, "a", &json!({"title": "New", "url": "https://e.org", "metadata": {"y": 2}}));
    assert_eq!(lines, ["record kept New", "publish artifact_changed", "reply updated New"]);
    let after = named(&stage, "New");
    assert_eq!((&after.id, after.created_at, after.updated_at), (&before.id, before.created_at, Millis(5_000)));
    assert_eq!((after.description.as_deref(), json!(after.metadata)), (Some("stays"), json!({"x": 1, "y": 2})));
    let much = json!({"title": "New", "url": "https://e.org", "metadata": {"z": "z".repeat(4_080)}});
    assert!(add(&mut stage, "a", &much)[0].contains("metadata would have"), "what is there counts");
    assert_eq!(named(&stage, "New"), after);
}

/// T3: its owner alone changes it, as long as it is here.
#[test]
fn t3_another_client_changes_nothing_until_the_owner_has_left() {
    let mut stage = Stage::new(SessionConfig::default());
    link(&mut stage, "a", "Mine", "m");
    for lines in [link(&mut stage, "b", "Yours", "m"), remove(&mut stage, "b", "Mine")] {
        assert!(lines.len() == 1 && lines[0].contains("was declared by another client"), "{lines:?}");
    }
    stage.command(Some("a"), Command::Detach);
    assert_eq!(link(&mut stage, "b", "Yours", "m").last().map(String::as_str), Some("reply updated Yours"));
}

/// T4: the two hundredth and first takes the place of the oldest that nobody holds on to.
#[test]
fn t4_there_is_room_for_two_hundred() {
    let mut stage = Stage::new(SessionConfig::default());
    for number in 0..Session::MAX_ARTIFACTS {
        let members =
            json!({"title": number.to_string(), "managedId": number.to_string(), "clientRetained": number != 7});
        add(&mut stage, "a", &members);
    }
    let lines = link(&mut stage, "b", "One more", "x");
    let told = ["record forgotten", "record kept One more", "publish artifact_changed", "publish artifact_changed"];
    assert_eq!(lines[..4], told);
    assert_eq!(lines[4], "reply removed 7, created One more");
    assert_eq!(
        link(&mut stage, "b", "And one", "y").last().map(String::as_str),
        Some("reply removed 0, created And one")
    );
    assert_eq!(titles(&stage).len(), Session::MAX_ARTIFACTS);
}

/// T5: over a restart go those that are to.
#[test]
fn t5_a_restarted_daemon_has_those_that_are_restorable_and_nobody_owns_them() {
    let mut stage = Stage::new(SessionConfig::default());
    for title in ["Kept", "Removed", "Given up"] {
        link(&mut stage, "a", title, &title.replace(' ', ""));
    }
    let passing = json!({"title": "Passing", "managedId": "p", "retention": "ephemeral"});
    assert_eq!(add(&mut stage, "a", &passing)[0], "record forgotten");
    remove(&mut stage, "a", "Removed");
    add(&mut stage, "a", &json!({"title": "Given up", "url": "https://e.org/Givenup", "retention": "ephemeral"}));
    assert_eq!(titles(&stage), ["Kept", "Given up", "Passing"]);
    let mut after = stage.restart();
    assert_eq!(titles(&after), ["Kept"]);
    assert_eq!(after.session.artifacts()[0].restore_state, RestoreState::Restored);
    let folded = after.session.standing_entries();
    let (folded, _) = Session::restore(Millis(1), "s".into(), SessionConfig::default(), Millis(1), folded);
    assert_eq!(folded.artifacts(), after.session.artifacts(), "a folded journal says the same");
    after.command(None, Command::Attach { fresh: "c".into() });
    assert_eq!(remove(&mut after, "c", "Kept").last().map(String::as_str), Some("reply removed Kept"));
}

/// T6: how a file was when it was declared is kept with it.
#[test]
fn t6_a_file_is_declared_with_how_it_looks() {
    let mut stage = Stage::new(SessionConfig::default());
    let file = json!({"title": "A", "workspacePath": "a.txt", "sizeBytes": 99});
    let found = |size_bytes| Look::Found(Fingerprint { size_bytes, modified_ms: 1.5, sha256: Some("ab".to_owned()) });
    add_looking(&mut stage, "a", found(3), &file);
    let artifact = named(&stage, "A");
    assert_eq!((artifact.status, artifact.size_bytes), (Status::Available, Some(3)), "the disk knows better");
    let looked = json!({"qwen.workspace.sizeBytes": 3, "qwen.workspace.mtimeMs": 1.5, "qwen.workspace.sha256": "ab"});
    assert_eq!(json!(artifact.metadata), looked);
    assert_eq!(add_looking(&mut stage, "a", found(3), &file), ["reply "]);
    assert_eq!(add_looking(&mut stage, "a", found(4), &file).last().map(String::as_str), Some("reply updated A"));
    add_looking(&mut stage, "a", Look::Missing, &json!({"title": "B", "workspacePath": "b.txt"}));
    assert_eq!(named(&stage, "B").status, Status::Missing);
}

/// A tool's last word, with these artifacts.
fn tool_says(stage: &mut Stage, status: &str, artifacts: &Value) -> Vec<String> {
    let meta = json!({"toolName": "record_artifact", "artifacts": artifacts});
    let update = json!({"sessionUpdate": "tool_call_update", "toolCallId": "c1", "status": status, "_meta": meta});
    let params = raw(&json!({"sessionId": "s", "update": update}));
    stage.agent(AgentInput::Update { kind: UpdateKind::from("tool_call_update"), params })
}

/// T7: in the turn it was named in.
#[test]
fn t7_what_a_tool_names_when_it_has_run_is_an_artifact() {
    let mut stage = Stage::new(SessionConfig::default());
    stage.send("p1");
    let report =
        json!([{"title": "Report", "workspacePath": "out/report.html"}, {"title": "Not", "workspacePath": "../x"}, 7]);
    assert_eq!(tool_says(&mut stage, "in_progress", &report), ["publish session_update p1"]);
    let lines = tool_says(&mut stage, "completed", &report);
    assert_eq!(lines, ["publish session_update p1", "record kept Report", "publish artifact_changed p1"]);
    assert_eq!(stage.originator(&EventType::ArtifactChanged), Some("a"));
    let told = stage.data(&EventType::ArtifactChanged)["change"]["artifact"].clone();
    assert_eq!(
        (&told["source"], &told["toolCallId"], &told["toolName"]),
        (&json!("tool"), &json!("c1"), &json!("record_artifact"))
    );
    assert_eq!(told["clientRetained"], false);
    assert_eq!(tool_says(&mut stage, "completed", &report).len(), 1, "nothing is new");
    assert_eq!(
        remove(&mut stage, "b", "Report").last().map(String::as_str),
        Some("reply removed Report"),
        "it is nobody's"
    );
}

/// T7: a tool takes nothing from a client.
#[test]
fn t7_what_a_client_has_declared_no_tool_changes_or_takes_the_place_of() {
    let mut stage = Stage::new(SessionConfig::default());
    for number in 0..Session::MAX_ARTIFACTS {
        link(&mut stage, "a", &format!("{number}"), &number.to_string());
    }
    let taken =
        json!([{"title": "Mine now", "url": "https://e.org/0"}, {"title": "One more", "url": "https://e.org/more"}]);
    assert_eq!(tool_says(&mut stage, "completed", &taken), ["publish session_update"]);
    assert_eq!(titles(&stage)[0], "0");
}
