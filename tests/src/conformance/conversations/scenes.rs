//! The scenes.

use serde_json::{Value, json};

use super::{
    part::{FILE, GATE, WORKSPACE},
    scene::{
        Model::{Own, Unknown},
        Moment::{End, Event, Gone, Question, Word},
        Scene, Step,
        Step::{Cancel, Close, Hear, LetGo, Listen, Load, Mode, Model, Prompt},
        Vote,
    },
};
use crate::fake_model::{Step as Say, Turn};

fn scene(name: &'static str, steps: impl Into<Vec<Step>>) -> Scene {
    Scene { name, steps: steps.into() }
}

/// Turns, as every line has them.
pub(super) fn of_turns() -> Vec<Scene> {
    let voted = |name, votes: &[Vote]| {
        let votes = votes.iter().copied().map(Step::Vote);
        scene(name, [Prompt(write()), Hear(Question)].into_iter().chain(votes).chain([Hear(End)]).collect::<Vec<_>>())
    };
    let once = Vote::For("proceed_once");
    vec![
        scene("words", [Prompt(words()), Hear(End)]),
        voted("a write that is allowed", &[once]),
        voted("a write that is refused", &[Vote::For("cancel")]),
        voted("a question that is not answered", &[Vote::Cancelled]),
        scene("a command", [Prompt(command()), Hear(Question), Step::Vote(once), Hear(End)]),
        scene("a file that is read", [Prompt(read("hello.txt")), Hear(End)]),
        scene("a file that is not there", [Prompt(read("nothing.txt")), Hear(End)]),
        scene("a tool nobody has", [Prompt(vec![vec![Say::tool_call("no_such_tool", json!({}))], after()]), Hear(End)]),
        scene("a plan", [Prompt(plan()), Hear(End)]),
        scene("a model that refuses", [Prompt(vec![vec![Say::status(400)]]), Hear(End)]),
        scene("a turn that is cancelled", [Prompt(hang()), Hear(Word), Cancel, Hear(End)]),
        scene("a question whose turn is cancelled", [Prompt(write()), Hear(Question), Cancel, Hear(End)]),
        scene("a session that is closed over a question", [Prompt(write()), Hear(Question), Close, Hear(Gone)]),
        scene(
            "modes and models",
            [
                Mode("plan"),
                Hear(Event("approval_mode_changed")),
                Mode("default"),
                Hear(Event("approval_mode_changed")),
                Mode("never"),
                Model(Own),
                Hear(Event("model_switched")),
                Model(Unknown),
                Hear(Event("model_switch_failed")),
            ],
        ),
    ]
}

/// What only REST has, or has otherwise.
pub(super) fn of_rest() -> Vec<Scene> {
    let late = Vote::For("proceed_once");
    let both = [Prompt(wait()), Hear(Word), Prompt(words()), Hear(Event("pending_prompt_added"))];
    let then = |rest: &[Step]| [&both[..], rest].concat();
    vec![
        scene(NOBODY_OFFERED, [Prompt(write()), Hear(Question), Step::Vote(NEVER), Step::Vote(late), Hear(End)]),
        scene(
            "a vote that comes late",
            [
                Prompt(write()),
                Hear(Question),
                Step::Vote(late),
                Hear(End),
                Step::Vote(late),
                Hear(Event("permission_already_resolved")),
            ],
        ),
        scene("a prompt that waits", then(&[LetGo, Hear(End), Hear(End), Hear(Event("pending_prompt_completed"))])),
        scene("a prompt that waits and is taken back", then(&[take_back(), LetGo, Hear(End), Hear(End)])),
        scene("a running prompt that is taken back", [Prompt(hang()), Hear(Word), take_back(), Hear(End)]),
        scene(
            "a cancelled turn, and the next",
            then(&[Cancel, Hear(End), Hear(End), Hear(Event("pending_prompt_completed"))]),
        ),
        scene(
            "a word in between",
            [
                Prompt(write()),
                Hear(Question),
                ask("POST", "/session/SESSION/mid-turn-message", json!({"message": "And be quick."})),
                Step::Vote(late),
                Hear(Event("mid_turn_message_injected")),
                Hear(End),
            ],
        ),
        scene(
            "the session itself",
            [
                ask("PATCH", "/session/SESSION/metadata", json!({"displayName": "A name"})),
                Hear(Event("session_metadata_updated manual")),
                ask("POST", "/session/SESSION/language", json!({"language": "de"})),
                Hear(Event("language_changed")),
                ask("POST", "/session/SESSION/shell", json!({"command": "echo hello"})),
                Hear(Event("user_shell_result")),
            ],
        ),
        scene(
            "artifacts",
            [
                ask(
                    "POST",
                    "/session/SESSION/artifacts",
                    json!({"title": "A page", "url": "https://example.org/page"}),
                ),
                Hear(Event("artifact_changed")),
                ask(
                    "POST",
                    "/session/SESSION/artifacts",
                    json!({"title": "A page", "url": "https://example.org/page", "metadata": {"pages": 3}}),
                ),
                Hear(Event("artifact_changed")),
            ],
        ),
        scene(
            "the workspace",
            [
                ask("POST", "/workspace/settings", json!({"scope": "workspace", "key": "ui.hideTips", "value": true})),
                Hear(Event("settings_changed")),
                ask("POST", "/workspace/tools/write_file/enable", json!({"enabled": true})),
                Hear(Event("tool_toggled")),
                ask("POST", "/workspace/init", json!({})),
                Hear(Event("workspace_initialized")),
            ],
        ),
        scene(
            "who comes back",
            [
                Prompt(words()),
                Hear(End),
                listen(&[("last-event-id", "0"), ("x-qwen-event-epoch", "EPOCH")], "snapshot=1"),
                Hear(Event("session_snapshot")),
                listen(&[("last-event-id", "0"), ("x-qwen-event-epoch", OTHER_EPOCH)], ""),
                Hear(Event("replay_complete")),
                listen(&[("last-event-id", "99999"), ("x-qwen-event-epoch", "EPOCH")], ""),
                Hear(Event("replay_complete")),
                listen(&[], "snapshot=1"),
                Hear(Event("session_snapshot")),
            ],
        ),
        scene(
            "a session that is loaded while a turn runs",
            [
                Prompt(write()),
                Hear(Question),
                Step::Vote(late),
                Hear(End),
                Prompt(wait()),
                Hear(Word),
                Load,
                LetGo,
                Hear(End),
            ],
        ),
        scene(
            "a session that is loaded after its end",
            [
                Prompt(write()),
                Hear(Question),
                Step::Vote(late),
                Hear(End),
                Close,
                Hear(Gone),
                Load,
                listen(&[("last-event-id", "0")], ""),
                Hear(Event("replay_complete")),
            ],
        ),
    ]
}

/// What only `/acp` has, or has otherwise.
pub(super) fn of_acp() -> Vec<Scene> {
    vec![
        // Here that is an answer, too, and the last.
        scene(NOBODY_OFFERED, [Prompt(write()), Hear(Question), Step::Vote(NEVER), Hear(End)]),
        scene("a second prompt", [Prompt(hang()), Hear(Word), Prompt(words()), Hear(End), Hear(End)]),
        scene(
            "a mode and a model as options",
            [
                call("session/set_config_option", json!({"configId": "mode", "value": "plan"})),
                Hear(Event("approval_mode_changed")),
                call("session/set_config_option", json!({"configId": "model", "value": "no-such-model"})),
                Hear(Event("model_switch_failed")),
            ],
        ),
    ]
}

const NOBODY_OFFERED: &str = "an option nobody offered";
const NEVER: Vote = Vote::For("no-such-option");
const OTHER_EPOCH: &str = "00000000-0000-4000-8000-000000000000";

fn ask(method: &'static str, path: &'static str, body: Value) -> Step {
    Step::Ask { method, path, body }
}

fn call(method: &'static str, params: Value) -> Step {
    Step::Call { method, params }
}

fn listen(headers: &[(&'static str, &'static str)], query: &'static str) -> Step {
    Listen { headers: headers.to_vec(), query }
}

fn take_back() -> Step {
    ask("DELETE", "/session/SESSION/pending-prompts/PROMPT", json!({}))
}

fn words() -> Vec<Turn> {
    let usage = Say::Usage { prompt_tokens: 1_200, completion_tokens: 40 };
    vec![vec![Say::Think("Hm.".to_owned()), Say::words(5), usage]]
}

fn hang() -> Vec<Turn> {
    vec![vec![Say::text("Let me see."), Say::Hang]]
}

fn wait() -> Vec<Turn> {
    vec![vec![Say::text("One moment."), Say::Gate(GATE.to_owned()), Say::text(" There.")]]
}

fn after() -> Turn {
    vec![Say::text("That was it.")]
}

fn write() -> Vec<Turn> {
    let call = json!({"file_path": format!("{WORKSPACE}/{FILE}"), "content": "kept\n"});
    vec![vec![Say::text("I write."), Say::tool_call("write_file", call)], after()]
}

fn read(file: &str) -> Vec<Turn> {
    vec![vec![Say::tool_call("read_file", json!({"file_path": format!("{WORKSPACE}/{file}")}))], after()]
}

/// One that changes something: what only looks is done without asking.
fn command() -> Vec<Turn> {
    let call =
        json!({"command": "echo hello > made-by-a-command.txt", "description": "Make a file", "is_background": false});
    vec![vec![Say::tool_call("run_shell_command", call)], after()]
}

fn plan() -> Vec<Turn> {
    let todos = json!([
        {"id": "1", "content": "Look", "status": "completed"},
        {"id": "2", "content": "Write", "status": "in_progress"},
    ]);
    vec![vec![Say::tool_call("todo_write", json!({"todos": todos}))], after()]
}
