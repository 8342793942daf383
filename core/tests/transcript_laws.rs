//! Laws of the transcript: folding, idempotence, order and bounds, over event sequences nobody would send and some that daemons do.
#![cfg(not(target_arch = "wasm32"))]

use proptest::prelude::*;
use roost_core::{
    Envelope,
    transcript::{Replay, ReplayLimits, Transcript},
};
use serde_json::{Value, json};

const UNLIMITED: ReplayLimits = ReplayLimits { max_bytes: usize::MAX };

/// What an event is about, before it gets its number.
#[derive(Clone, Debug)]
struct Happening {
    kind: &'static str,
    prompt: Option<&'static str>,
    client: Option<&'static str>,
    data: Value,
}

#[expect(clippy::needless_pass_by_value, reason = "called with literals")]
fn update(update: Value) -> What {
    ("session_update", json!({"sessionId": "s", "update": update}))
}

/// Type and data.
type What = (&'static str, Value);

fn some_of<T: Clone + std::fmt::Debug + 'static>(all: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(all.to_vec())
}

fn call() -> impl Strategy<Value = &'static str> {
    some_of(&["x", "y"])
}

fn parent() -> impl Strategy<Value = Option<&'static str>> {
    some_of(&[None, None, None, Some("x"), Some("z")])
}

fn usage() -> impl Strategy<Value = Value> {
    (0..50_u64, 0..50_u64).prop_map(
        |(input, output)| json!({"inputTokens": input, "outputTokens": output, "totalTokens": input + output}),
    )
}

fn chunk() -> impl Strategy<Value = What> {
    let kind = some_of(&[
        "agent_message_chunk",
        "agent_message_chunk",
        "agent_message_chunk",
        "agent_thought_chunk",
        "user_message_chunk",
    ]);
    let content = some_of(&[
        json!({"type": "text", "text": "a"}),
        json!({"type": "text", "text": "b "}),
        json!({"type": "text", "text": ""}),
        json!({"type": "image", "mimeType": "image/png", "data": "AA=="}),
        json!({"type": "resource_link", "uri": "file:///a", "name": "a"}),
        json!({"type": "from_the_future", "n": 1}),
    ]);
    let meta = prop_oneof![
        6 => Just(json!({})),
        1 => usage().prop_map(|usage| json!({"usage": usage, "durationMs": 7})),
        1 => some_of(&[
            json!({"source": "bridge-echo"}),
            json!({"source": "slash_command"}),
            json!({"source": "cron"}),
            json!({"qwenDiscreteMessage": true, "backgroundTask": {"taskId": "t"}}),
            json!({"contextCompression": {"phase": "progress"}}),
            json!({"contextCompression": {"phase": "done"}}),
            json!({"goalState": {"activity": "idle"}}),
            json!({"goalState": {"activity": "running"}, "goalStatus": {"kind": "set", "condition": "c"}}),
            json!({"goalStatus": {"kind": "checking"}}),
        ]),
    ];
    let message = some_of(&[None, None, None, Some("m")]);
    (kind, content, meta, message, parent()).prop_map(|(kind, content, mut meta, message, parent)| {
        if let Some(parent) = parent {
            meta["parentToolCallId"] = parent.into();
        }
        update(json!({"sessionUpdate": kind, "content": content, "_meta": meta, "messageId": message}))
    })
}

fn tool() -> impl Strategy<Value = What> {
    let kind = some_of(&["tool_call", "tool_call_update", "tool_call_update"]);
    let status =
        some_of(&[None, Some("pending"), Some("in_progress"), Some("completed"), Some("failed"), Some("dreaming")]);
    let content = some_of(&[
        Value::Null,
        json!([]),
        json!([{"type": "content", "content": {"type": "text", "text": "out"}}]),
        json!([{"type": "diff", "path": "/a", "oldText": null, "newText": "n"}, {"type": "terminal", "terminalId": "t"}, {"type": "?"}]),
    ]);
    let meta = some_of(&[
        json!({"toolName": "edit"}),
        json!({"toolName": "edit", "phase": "preparing"}),
        json!({"preparationDiscarded": true}),
        json!({}),
    ]);
    let raw = some_of(&[Value::Null, json!({"a": 1}), json!("text")]);
    (kind, call(), status, content, meta, raw, parent()).prop_map(|(kind, call, status, content, mut meta, raw, parent)| {
        if let Some(parent) = parent {
            meta["parentToolCallId"] = parent.into();
        }
        update(json!({
            "sessionUpdate": kind, "toolCallId": call, "status": status, "content": content, "rawInput": raw, "_meta": meta,
            "locations": [{"path": "/a", "line": 3}],
        }))
    })
}

fn other_update() -> impl Strategy<Value = What> {
    let updates = [
        json!({"sessionUpdate": "plan", "entries": [{"content": "one", "priority": "medium", "status": "pending"}]}),
        json!({"sessionUpdate": "plan", "entries": [{"content": "two", "status": "completed"}], "_meta": {"parentToolCallId": "x"}}),
        json!({"sessionUpdate": "available_commands_update", "availableCommands": [{"name": "c"}], "_meta": {"availableSkills": ["s"]}}),
        json!({"sessionUpdate": "current_mode_update", "currentModeId": "plan"}),
        json!({"sessionUpdate": "config_option_update", "configOptions": [1]}),
        json!({"sessionUpdate": "session_info_update", "title": "t"}),
        json!({"sessionUpdate": "usage_update", "used": 1, "size": 2}),
        json!({"sessionUpdate": "shell_output", "output": "line\n"}),
        json!({"sessionUpdate": "moon_update"}),
        json!({"sessionUpdate": "tool_call"}),
        json!({}),
    ];
    some_of(&updates).prop_map(update)
}

fn permission() -> impl Strategy<Value = What> {
    let options =
        json!([{"optionId": "yes", "name": "Yes", "kind": "allow_once"}, {"optionId": "no", "kind": "reject_once"}]);
    let request = some_of(&["r1", "r2"]);
    (0..5_u8, request, call(), parent()).prop_map(move |(what, request, call, parent)| {
        let outcome = json!({"outcome": "selected", "optionId": "yes"});
        match what {
            0 | 1 => {
                let meta = parent.map_or(json!({"toolName": "edit"}), |parent| json!({"parentToolCallId": parent}));
                let tool = json!({"toolCallId": call, "title": "asks", "status": "pending", "rawInput": {"b": 2}, "_meta": meta});
                ("permission_request", json!({"requestId": request, "sessionId": "s", "toolCall": tool, "options": options}))
            }
            2 => ("permission_resolved", json!({"requestId": request, "outcome": outcome, "voterClientId": "v"})),
            3 => ("permission_already_resolved", json!({"requestId": request, "outcome": {"outcome": "cancelled"}})),
            _ => {
                let vote = json!({"requestId": request, "votesReceived": 1, "votesNeeded": 1, "quorum": 2});
                ("permission_partial_vote", vote)
            }
        }
    })
}

fn lifecycle() -> impl Strategy<Value = What> {
    let prompt = some_of(&["p", "q", "r"]);
    let all: Vec<fn(&str) -> What> = vec![
        |p| ("turn_complete", json!({"sessionId": "s", "stopReason": "end_turn", "promptId": p})),
        |p| ("turn_complete", json!({"sessionId": "s", "stopReason": "cancelled", "promptId": p})),
        |p| ("turn_error", json!({"sessionId": "s", "message": "no", "code": "-32603", "promptId": p})),
        |_| ("prompt_cancelled", json!({"sessionId": "s"})),
        |p| ("pending_prompt_added", json!({"promptId": p, "text": "later", "queuedAt": 5})),
        |p| ("pending_prompt_started", json!({"promptId": p, "text": "later"})),
        |p| ("pending_prompt_completed", json!({"promptId": p, "state": "removed"})),
        |p| ("mid_turn_message_injected", json!({"messages": ["psst", "psst"], "messageIds": [p]})),
        |_| ("followup_suggestion", json!({"suggestion": "more?", "promptId": "s########1"})),
        |_| ("user_shell_command", json!({"command": "ls", "cwd": "/"})),
        |_| ("user_shell_result", json!({"exitCode": 2, "signal": null, "aborted": false})),
    ];
    (prompt, some_of(&all)).prop_map(|(prompt, make)| make(prompt))
}

fn session() -> impl Strategy<Value = What> {
    some_of(&[
        ("approval_mode_changed", json!({"previous": "default", "next": "yolo", "persisted": false})),
        ("model_switched", json!({"modelId": "m"})),
        ("model_switch_failed", json!({"requestedModelId": "m", "error": "no"})),
        ("session_metadata_updated", json!({"displayName": "name"})),
        ("session_metadata_updated", json!({})),
        ("session_recording_degraded", json!({"reason": "write_failed"})),
        ("session_closed", json!({"sessionId": "s", "reason": "client_close"})),
        ("session_died", json!({"sessionId": "s", "reason": "gone", "exitCode": 1})),
        ("session_cwd_changed", json!({"cwd": "/"})),
        ("tool_toggled", json!({"toolName": "t", "enabled": true})),
        ("moon_landed", json!({"crew": 2})),
        ("turn_complete", json!({"stopReason": 7})),
        ("permission_request", json!("nonsense")),
    ])
}

fn happening() -> impl Strategy<Value = Happening> {
    let what = prop_oneof![
        8 => chunk(),
        6 => tool(),
        2 => other_update(),
        3 => permission(),
        4 => lifecycle(),
        1 => session(),
    ];
    let prompt = some_of(&[None, Some("p"), Some("p"), Some("q"), Some("r")]);
    (what, prompt, some_of(&[None, Some("c1"), Some("c2")])).prop_map(|((kind, data), prompt, client)| Happening {
        kind,
        prompt,
        client,
        data,
    })
}

/// Turns as a daemon sends them: echo, thought, words, calls with permission, usage, an end.
fn realistic_turn() -> impl Strategy<Value = Vec<Happening>> {
    let words = prop::collection::vec(some_of(&["Some ", "words\n", "`code` "]), 1..6);
    (some_of(&["p", "q", "r"]), words, any::<bool>(), any::<bool>(), usage()).prop_map(|(prompt, words, asks, fails, usage)| {
        let text = |kind: &str, text: &str| update(json!({"sessionUpdate": kind, "content": {"type": "text", "text": text}}));
        let frame = |kind: &str, status: &str| {
            update(json!({"sessionUpdate": kind, "toolCallId": "x", "status": status, "title": "Edit", "_meta": {"toolName": "edit"}}))
        };
        let echo = json!({"sessionUpdate": "user_message_chunk", "content": {"type": "text", "text": "do"}, "_meta": {"source": "bridge-echo"}});
        let mut all = vec![update(echo), text("agent_thought_chunk", "Hm. "), text("agent_thought_chunk", "Well.")];
        all.extend(words.iter().map(|word| text("agent_message_chunk", word)));
        all.push(frame("tool_call", "pending"));
        let counted = json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": ""}, "_meta": {"usage": usage, "durationMs": 3}});
        all.push(update(counted.clone()));
        if asks {
            let tool = json!({"toolCallId": "x", "title": "Edit", "status": "pending"});
            let options = json!([{"optionId": "yes", "name": "Yes", "kind": "allow_once"}]);
            all.push(("permission_request", json!({"requestId": "r1", "toolCall": tool, "options": options})));
            all.push(("permission_resolved", json!({"requestId": "r1", "outcome": {"outcome": "selected", "optionId": "yes"}})));
        }
        all.push(frame("tool_call_update", if fails { "failed" } else { "completed" }));
        all.extend(words.iter().map(|word| text("agent_message_chunk", word)));
        all.push(update(counted));
        all.push(match fails {
            true => ("turn_error", json!({"message": "no", "promptId": prompt})),
            false => ("turn_complete", json!({"stopReason": "end_turn", "promptId": prompt})),
        });
        all.into_iter().map(|(kind, data)| Happening { kind, prompt: Some(prompt), client: Some("c1"), data }).collect()
    })
}

fn numbered(happenings: &[Happening]) -> Vec<Envelope> {
    let event = |(nth, happening): (usize, &Happening)| {
        let id = nth as u64 * 2 + 1;
        let event = json!({
            "id": id, "v": 1, "type": happening.kind, "promptId": happening.prompt, "data": happening.data,
            "originatorClientId": happening.client, "_meta": {"serverTimestamp": 1_000 + id},
        });
        serde_json::from_value(event).expect("an envelope")
    };
    happenings.iter().enumerate().map(event).collect()
}

fn reduce<'a>(events: impl IntoIterator<Item = &'a Envelope>) -> Transcript {
    let mut transcript = Transcript::default();
    for event in events {
        let _ = transcript.apply(event);
    }
    transcript
}

/// Everything a reader can see, as text: entries, turns, what waits, what is so.
fn seen(transcript: &Transcript) -> String {
    let mut out = String::new();
    for entry in transcript.entries() {
        out += &format!("{entry:#?}\n");
    }
    for turn in transcript.turns() {
        out += &format!("{turn:#?}\n");
    }
    let waiting: Vec<_> = transcript.waiting().map(|(id, permission)| (id, permission.request_id().clone())).collect();
    out + &format!(
        "{:#?}\n{waiting:#?}\n{:#?}\n{:?}",
        transcript.queue(),
        transcript.state(),
        transcript.running().map(|turn| turn.id)
    )
}

fn first_difference(left: &str, right: &str) -> String {
    let at = left
        .lines()
        .zip(right.lines())
        .position(|(left, right)| left != right)
        .unwrap_or(left.lines().count().min(right.lines().count()));
    let part = |text: &str| text.lines().skip(at.saturating_sub(25)).take(40).collect::<Vec<_>>().join("\n");
    format!("--- left\n{}\n--- right\n{}", part(left), part(right))
}

fn folding_shows_the_same(happenings: &[Happening], cut: prop::sample::Index) -> Result<(), TestCaseError> {
    let events = numbered(happenings);
    let (a, b) = events.split_at(cut.index(events.len() + 1));
    let whole = seen(&reduce(&events));
    let replay = reduce(a).to_replay(UNLIMITED);
    let folded = seen(&reduce(replay.events.iter().chain(b)));
    prop_assert!(
        whole == folded,
        "{}\nreplay: {:#?}",
        first_difference(&whole, &folded),
        replay.events.iter().map(|e| serde_json::to_string(e).unwrap_or_default()).collect::<Vec<_>>()
    );
    let ids: Vec<_> = replay.events.iter().map(|event| event.id).collect();
    prop_assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "ids do not increase: {ids:?}");
    let real = |id: &Option<u64>| a.iter().any(|event| event.id == *id);
    prop_assert!(ids.iter().all(real), "an id of no event: {ids:?}");
    prop_assert_eq!(reduce(&replay.events).to_replay(UNLIMITED), replay, "folding twice is folding once");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn a_folded_start_and_the_rest_show_what_all_events_show(
        happenings in prop::collection::vec(happening(), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        folding_shows_the_same(&happenings, cut)?;
    }

    #[test]
    fn real_turns_fold_at_any_place(turns in prop::collection::vec(realistic_turn(), 1..4), cut in any::<prop::sample::Index>()) {
        folding_shows_the_same(&turns.concat(), cut)?;
    }

    #[test]
    fn an_event_applied_again_changes_nothing(happenings in prop::collection::vec(happening(), 1..30), again in any::<prop::sample::Index>()) {
        let events = numbered(&happenings);
        let mut transcript = reduce(&events);
        let before = seen(&transcript);
        let change = transcript.apply(again.get(&events));
        prop_assert!(change.is_empty());
        prop_assert_eq!(before, seen(&transcript));
    }

    #[test]
    fn encoded_events_fold_as_decoded_ones_do(happenings in prop::collection::vec(happening(), 0..30)) {
        let events = numbered(&happenings);
        let mut raw = Transcript::default();
        for event in &events {
            let json = serde_json::to_vec(event).expect("encodes");
            let _ = raw.apply_raw(&json).expect("an envelope");
        }
        prop_assert_eq!(seen(&raw), seen(&reduce(&events)));
    }

    #[test]
    fn changes_name_every_entry_that_moved(happenings in prop::collection::vec(happening(), 0..30)) {
        use roost_core::transcript::EntryChange;
        let mut transcript = Transcript::default();
        for event in numbered(&happenings) {
            let before: Vec<_> = transcript.entries().cloned().collect();
            let change = transcript.apply(&event);
            let mut shown: Vec<_> = before.iter().map(|entry| entry.id).collect();
            for moved in &change.entries {
                match *moved {
                    EntryChange::Added(id) => shown.push(id),
                    EntryChange::Removed(id) => shown.retain(|other| *other != id),
                    EntryChange::Changed(_) | EntryChange::Appended(_) => {}
                }
            }
            let now: Vec<_> = transcript.entries().map(|entry| entry.id).collect();
            prop_assert_eq!(shown, now, "a page that follows the changes shows other entries");
            for entry in &before {
                let named = change.entries.iter().any(|moved| moved.id() == entry.id);
                prop_assert!(named || transcript.entry_of(entry.id) == Some(entry), "moved without being named");
            }
        }
    }

    #[test]
    fn a_small_cap_holds_and_drops_the_oldest(happenings in prop::collection::vec(happening(), 0..60), cap in 1_000..6_000_usize) {
        let mut capped = Transcript::new(cap);
        let events = numbered(&happenings);
        for event in &events {
            let _ = capped.apply(event);
        }
        let kept: Vec<_> = capped.entries().map(|entry| entry.id).collect();
        prop_assert!(kept.len() <= cap / 256 + 3, "{} entries in {cap} bytes", kept.len());
        prop_assert_eq!(capped.dropped().entries > 0, capped.dropped().events > 0);
        let whole = reduce(&events);
        let lasting = |transcript: &Transcript| (transcript.state().mode.clone(), transcript.state().model.clone(), transcript.state().title.clone());
        prop_assert_eq!(lasting(&whole), lasting(&capped));
    }

    /// B11: the oldest give way until the rest is within the cap, however small the turns are, and the mark counts them.
    #[test]
    fn a_replay_keeps_below_its_limit_and_says_what_is_missing(turns in prop::collection::vec(realistic_turn(), 1..24), max_bytes in 0..20_000_usize) {
        let whole = reduce(&numbered(&turns.concat()));
        let replay = whole.to_replay(ReplayLimits { max_bytes });
        let bytes = |replay: &Replay| -> usize {
            replay.events.iter().map(|event| serde_json::to_string(event).map_or(0, |json| json.len() + 1)).sum()
        };
        // What is always in: the mark, the session's state, the turn that runs, and what waits.
        let least = bytes(&whole.to_replay(ReplayLimits { max_bytes: 0 }));
        // The mark names the limit, in more digits than 0 has.
        prop_assert!(bytes(&replay) <= max_bytes.max(least + 8), "{} of {max_bytes}, at least {least}", bytes(&replay));
        let short = reduce(&replay.events);
        let (all, some): (Vec<_>, Vec<_>) = (whole.entries().collect(), short.entries().collect());
        prop_assert_eq!(&all[all.len() - some.len()..], &some[..], "what is left is the newest, unchanged");
        prop_assert_eq!(some.len() < all.len(), replay.truncated.is_some());
        prop_assert_eq!(replay.truncated.is_some(), replay.events.first().is_some_and(|event| event.id.is_none()));
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}
