//! Recorded streams of a daemon in front of a fake model, shortened: what their bytes parse to, and what a reader then sees.
//!
//! One line per entry: who, in which turn, and what. Words beyond the first three of a message and most commands were cut from the
//! files, and uuids to their first eight digits; every shape is as it was sent.

use roost_core::{
    Envelope,
    payload::ToolStatus,
    sse::{Frame, Limits, Parser},
    transcript::{Body, EndCause, Notice, PermissionState, ReplayLimits, Transcript, TurnOutcome},
    view::SessionView,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

macro_rules! recording {
    ($name:literal) => {
        events(include_bytes!(concat!("recordings/", $name, ".sse")))
    };
}

fn events(bytes: &[u8]) -> Vec<Envelope> {
    let mut frames = Vec::new();
    Parser::new(Limits::default()).push(bytes, &mut frames).expect("within the limits");
    let envelopes = frames.iter().filter_map(|frame| match frame {
        Frame::Event(event) => Some(event.envelope().expect("an envelope")),
        Frame::Comment(_) | Frame::Retry(_) => None,
    });
    envelopes.collect()
}

fn reduce<'a>(events: impl IntoIterator<Item = &'a Envelope>) -> Transcript {
    let mut transcript = Transcript::default();
    for event in events {
        let _ = transcript.apply(event);
    }
    transcript
}

/// The transcript as a reader would tell it.
fn lines(transcript: &Transcript) -> Vec<String> {
    transcript.entries().map(|entry| line(&entry.body)).collect()
}

fn line(body: &Body) -> String {
    match body {
        Body::User(message) => format!("user: {}", message.texts().collect::<String>()),
        Body::Assistant(run) => format!("agent: {}", run.text.lines().next().unwrap_or_default().trim_end()),
        Body::Thought(run) => format!("thought: {}", run.text),
        Body::Media(content) => format!("media: {content:?}"),
        Body::Tool(tool) => {
            let asked = tool.permissions.iter().map(|permission| match &permission.state {
                PermissionState::Pending => ", asks".to_owned(),
                PermissionState::Orphaned => ", asked in vain".to_owned(),
                PermissionState::Resolved(_) => match permission.chosen() {
                    Some(option) => format!(", answered {}", option.option_id),
                    None => ", refused".to_owned(),
                },
            });
            let diffs = tool
                .diffs()
                .map(|(path, old, new)| format!(", {path}: {} -> {} bytes", old.unwrap_or_default().len(), new.len()));
            let tail: String = asked.chain(diffs).collect();
            format!("{} ({}): {}{tail}", tool.tool_name().unwrap_or("?"), tool.status.as_str(), tool.headline())
        }
        Body::Plan(plan) => format!("plan of {}", plan.steps.len()),
        Body::Error(error) => format!("error: {}", error.message),
        Body::Notice(notice) => match &**notice {
            Notice::ModeChanged(change, _) => format!("- mode {} -> {}", change.previous, change.next),
            Notice::ModelSwitched(switch, _) => format!("- model {}", switch.model_id),
            Notice::ModelSwitchFailed(failure, _) => format!("- no model {}", failure.requested_model_id),
            Notice::Compaction { done, text, .. } => {
                format!("- compaction, {}: {text}", if *done { "done" } else { "under way" })
            }
            Notice::Goal(status, _) => format!("- goal {}", status.kind),
            Notice::SessionClosed(end, _) => format!("- closed: {}", end.reason.as_deref().unwrap_or("?")),
            Notice::SessionDied(end, _) => format!("- died: {}", end.reason.as_deref().unwrap_or("?")),
            Notice::RecordingDegraded(_) => "- not recorded".to_owned(),
            Notice::Event(event) => format!("- {}", event.kind.as_str()),
            Notice::Unknown(event) => format!("- unknown {}", event.kind.as_str()),
            Notice::Malformed(why, _) => format!("- {why}"),
        },
        Body::Shell(run) => {
            let exit = run.result.as_ref().and_then(|result| result.exit_code);
            format!("$ {} | {:?} | exit {exit:?}", run.command, run.output)
        }
    }
}

const ALL: [(&str, &[u8]); 7] = [
    ("cancel-and-queue", include_bytes!("recordings/cancel-and-queue.sse")),
    ("controls", include_bytes!("recordings/controls.sse")),
    ("goal", include_bytes!("recordings/goal.sse")),
    ("slash", include_bytes!("recordings/slash.sse")),
    ("tool-rejected", include_bytes!("recordings/tool-rejected.sse")),
    ("tools-allowed", include_bytes!("recordings/tools-allowed.sse")),
    ("yolo-and-failures", include_bytes!("recordings/yolo-and-failures.sse")),
];

#[test]
fn no_recorded_event_is_unknown_or_unreadable() {
    for (name, bytes) in ALL {
        for line in lines(&reduce(&events(bytes))) {
            assert!(!line.starts_with("- unknown") && !line.starts_with("- malformed"), "{name}: {line}");
        }
    }
}

#[test]
fn a_view_takes_every_recorded_event_that_has_a_guard() {
    let unguarded = ["replay_complete", "prompt_cancelled", "user_shell_command", "user_shell_result"];
    for (name, bytes) in ALL {
        let mut view = SessionView::default();
        let events = events(bytes);
        events.iter().for_each(|event| view.apply(event));
        let expected = events.iter().filter(|event| unguarded.contains(&event.kind.as_str())).count();
        assert_eq!(
            view.unrecognized_known_event_count, expected as u64,
            "{name}: {:?}",
            view.last_unrecognized_known_event
        );
        assert!(!view.alive && view.pending_permissions.is_empty(), "{name}");
    }
}

#[test]
fn a_recording_folded_at_any_event_shows_the_same() {
    for (name, bytes) in ALL {
        let events: Vec<_> = events(bytes).into_iter().filter(|event| event.id.is_some()).collect();
        let whole = reduce(&events);
        for cut in 0..=events.len() {
            let replay = reduce(&events[..cut]).to_replay(ReplayLimits::default());
            let folded = reduce(replay.events.iter().chain(&events[cut..]));
            assert!(folded.entries().eq(whole.entries()), "{name} cut at {cut}");
            assert!(folded.turns().eq(whole.turns()), "{name} cut at {cut}");
            assert_eq!(folded.state(), whole.state(), "{name} cut at {cut}");
        }
    }
}

#[test]
fn allowed_tools_show_their_diff_and_who_answered() {
    let transcript = reduce(&recording!("tools-allowed"));
    assert_eq!(
        lines(&transcript),
        [
            "- mode auto -> default",
            r#"user: TOOL:write_file:{"file_path":"/srv/ws/rec.txt","content":"one\ntwo\nthree\n"}"#,
            "write_file (completed): Writing to rec.txt, answered proceed_once, /srv/ws/rec.txt: 0 -> 14 bytes",
            "agent: word0 word1 word2",
            r#"user: TOOL:edit:{"file_path":"/srv/ws/rec.txt","old_string":"two","new_string":"2"}"#,
            "edit (completed): rec.txt, answered proceed_once, /srv/ws/rec.txt: 14 -> 12 bytes",
            "agent: word0 word1 word2",
            "- closed: client_close",
        ]
    );
    let summary = transcript.summary(transcript.turns().last().expect("two turns").id);
    assert_eq!(
        (summary.files[0].path.as_str(), summary.files[0].added, summary.files[0].removed),
        ("/srv/ws/rec.txt", 1, 1)
    );
}

#[test]
fn a_refused_call_fails_and_says_so() {
    let transcript = reduce(&recording!("tool-rejected"));
    assert_eq!(
        lines(&transcript),
        [
            "- mode auto -> default",
            r#"user: TOOL:run_shell_command:{"command":"touch never.txt","description":"no","is_background":false}"#,
            "run_shell_command (failed): touch never.txt (no), refused",
            "- closed: client_close",
        ]
    );
}

#[test]
fn failures_stay_in_the_summary_of_their_turn() {
    let transcript = reduce(&recording!("yolo-and-failures"));
    assert_eq!(
        lines(&transcript),
        [
            "- mode auto -> yolo",
            r#"user: TOOL:run_shell_command:{"command":"exit 3","description":"fail","is_background":false}"#,
            "run_shell_command (failed): Shell: exit 3 (fail)",
            "agent: word0 word1 word2",
            r#"user: TOOL:no_such_tool:{"a":1}"#,
            "no_such_tool (failed): no_such_tool",
            "agent: word0 word1 word2",
            "- closed: client_close",
        ]
    );
    for turn in transcript.turns() {
        let summary = transcript.summary(turn.id);
        assert_eq!((summary.tool_calls, summary.failed.len(), summary.files.len()), (1, 1, 0));
        assert_eq!(turn.requests, 2);
    }
}

#[test]
fn a_cancelled_turn_is_followed_by_what_was_queued() {
    let events = recording!("cancel-and-queue");
    let transcript = reduce(&events);
    assert_eq!(
        lines(&transcript),
        [
            "- mode auto -> default",
            "user: slow CHUNKS:400 RATE:200",
            "agent: word0 word1 word2 word57",
            "user: second CHUNKS:2",
            "agent: word0 word1",
            "user: third CHUNKS:2",
            "agent: word0 word1",
            "- closed: client_close",
        ]
    );
    let outcome = |stop: &str| TurnOutcome::Ended { stop_reason: stop.into() };
    let outcomes: Vec<_> = transcript.turns().map(|turn| turn.outcome.clone()).collect();
    assert_eq!(outcomes, [outcome("cancelled"), outcome("end_turn"), outcome("end_turn")]);
    assert!(transcript.turns().next().is_some_and(|turn| turn.cancelled.is_some()));
    let waiting = events.iter().position(|event| event.kind.as_str() == "prompt_cancelled").expect("cancelled");
    let queued = reduce(&events[..waiting]);
    assert_eq!(
        queued.queue().iter().map(|prompt| prompt.text.as_str()).collect::<Vec<_>>(),
        ["second CHUNKS:2", "third CHUNKS:2"]
    );
    assert!(queued.running().is_some());
}

#[test]
fn controls_become_thin_lines_and_the_users_own_command_an_entry() {
    let transcript = reduce(&recording!("controls"));
    assert_eq!(
        lines(&transcript),
        [
            "- mode auto -> default",
            "user: hi CHUNKS:3",
            "agent: word0 word1 word2",
            "- mode default -> plan",
            "- no model nope",
            r#"$ echo out; echo err >&2; exit 2 | "out\nerr\n" | exit Some(2)"#,
            "- language_changed",
            "- closed: client_close",
        ]
    );
    assert_eq!(transcript.state().mode.as_deref(), Some("plan"));
    assert_eq!(transcript.state().end.as_ref().map(|end| end.cause), Some(EndCause::SessionClosed));
    assert_eq!(transcript.state().commands.len(), 3);
    assert_eq!(transcript.last_event_id(), Some(18));
}

#[test]
fn command_output_and_compaction_stand_apart() {
    let transcript = reduce(&recording!("slash"));
    assert_eq!(
        lines(&transcript),
        [
            "- mode auto -> default",
            "user: /stats",
            "agent: Session duration: 0s",
            "user: /stats tools",
            "agent: No tool usage data yet.",
            "user: /context",
            "agent: ## Context Usage",
            "user: /compress",
            "- compaction, done: Context compressed (~2323 -> 2323).",
            "user: /nosuch",
            "agent: word0 word1 word2",
            "- closed: client_close",
        ]
    );
}

#[test]
fn a_goal_is_told_in_lines_and_its_own_turn_has_no_prompt() {
    let transcript = reduce(&recording!("goal"));
    assert_eq!(
        lines(&transcript),
        [
            "- mode auto -> default",
            "user: /goal",
            "user: /goal set write a haiku file",
            "- goal set",
            "agent: word0 word1 word2",
            "user: /goal pause",
            "- goal paused",
            "user: /goal clear",
            "- goal cleared",
            "- closed: client_close",
        ]
    );
    assert!(transcript.state().goal.as_ref().is_some_and(|goal| goal["goal"].is_null()));
}

#[test]
fn tools_know_when_they_ran() {
    let transcript = reduce(&recording!("yolo-and-failures"));
    let mut tools = transcript.entries().filter_map(|entry| match &entry.body {
        Body::Tool(tool) => Some(tool),
        _ => None,
    });
    let shell = tools.next().expect("a call");
    assert_eq!(shell.status, ToolStatus::Failed);
    assert!(shell.running_at.is_some() && shell.running_at < shell.ended_at);
}
