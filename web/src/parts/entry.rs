//! One row of the transcript, by what its entry is.

use crate::leptos::{ev, prelude::*};
use roost_core::{
    payload::{ContentBlock, PlanStatus, TurnError},
    transcript::{Body, Entry, Message, Notice, Plan, ShellRun, TextRun, Transcript, TurnId, TurnOutcome},
};

use super::{
    icon::{self, classed, icon},
    markdown,
    tool::tool,
};
use crate::{
    dom::{Content, El, button, div, img, li, p, pre, span, strong, ul},
    store::{Command, Control, Part, RowKey, Store, derived, source},
    words::{clock_time, count, duration, words},
};

/// What kind of row it is: the name in `data-kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    You,
    Prose,
    Thought,
    Tool,
    Plan,
    Error,
    Line,
    Shell,
    Media,
    TurnEnd,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::You => "you",
            Self::Prose => "prose",
            Self::Thought => "thought",
            Self::Tool => "tool",
            Self::Plan => "plan",
            Self::Error => "error",
            Self::Line => "line",
            Self::Shell => "shell",
            Self::Media => "media",
            Self::TurnEnd => "turn-end",
        }
    }
}

/// The row. It is drawn anew when its entry says something new.
pub(crate) fn row(store: Store, key: RowKey) -> AnyView {
    let kind = match key.part {
        Part::TurnEnd => Some(Kind::TurnEnd),
        Part::Block(_) => store.talk.read_untracked(key, |entry| Some(kind_of(entry))),
    };
    let Some(kind) = kind else { return ().view() };
    let content = match kind {
        Kind::You => (move || store.talk.read(key, |entry| you(entry).map(Content::view))).view(),
        Kind::Prose => markdown::streamed(store, key).view(),
        Kind::Thought => thought(store, key).view(),
        Kind::Tool => tool(store, key).view(),
        Kind::Plan => (move || store.talk.read(key, plan)).view(),
        Kind::Error => (move || store.talk.read(key, |entry| error(store, entry))).view(),
        Kind::Line => (move || store.talk.read(key, line)).view(),
        Kind::Shell => (move || store.talk.read(key, shell)).view(),
        Kind::Media => (move || store.talk.read(key, media)).view(),
        Kind::TurnEnd => (move || store.talk.turn(key, turn_end)).view(),
    };
    div().class("row").attr("data-row", key_text(key)).attr("data-kind", kind.name()).child(content).view()
}

/// A row's key as text, for the element; [`parse_key`] reads it back.
pub(crate) fn key_text(key: RowKey) -> String {
    let part = match key.part {
        Part::Block(nth) => nth.to_string(),
        Part::TurnEnd => "end".to_owned(),
    };
    format!("{}.{}.{part}", key.entry.0.event, key.entry.0.nth)
}

/// The key of a row's element.
pub(crate) fn parse_key(text: &str) -> Option<RowKey> {
    let mut parts = text.split('.');
    let entry = roost_core::transcript::EntryId(roost_core::transcript::Seq {
        event: parts.next()?.parse().ok()?,
        nth: parts.next()?.parse().ok()?,
    });
    match parts.next()? {
        "end" => Some(RowKey::turn_end(entry)),
        nth => Some(RowKey::block(entry, nth.parse().ok()?)),
    }
}

fn kind_of(entry: &Entry) -> Kind {
    match &entry.body {
        Body::User(_) => Kind::You,
        Body::Assistant(_) => Kind::Prose,
        Body::Thought(_) => Kind::Thought,
        Body::Media(_) => Kind::Media,
        Body::Tool(_) => Kind::Tool,
        Body::Plan(_) => Kind::Plan,
        Body::Error(_) => Kind::Error,
        Body::Notice(_) => Kind::Line,
        Body::Shell(_) => Kind::Shell,
    }
}

fn you(entry: &Entry) -> Option<impl Content + use<>> {
    let Body::User(message) = &entry.body else { return None };
    let text: String = message.texts().collect::<Vec<_>>().join("\n");
    let pictures: Vec<_> = message.blocks.iter().filter_map(|block| shown(&block.content)).collect();
    let others = message.blocks.len() - message.texts().count() - pictures.len();
    Some(
        div()
            .class("you")
            .attr("role", "article")
            .attr("aria-label", said_by(message))
            .attr("title", entry.at.map(clock_time))
            .child((text, pictures, (others > 0).then(|| p().class("fate").child(words().attachments(others))))),
    )
}

/// A picture from its own bytes; what lies elsewhere is not fetched.
fn shown(block: &ContentBlock) -> Option<El> {
    let ContentBlock::Image(media) = block else { return None };
    let source = source(media)?;
    Some(img().class("shown").attr("src", source).attr("alt", words().picture("")))
}

fn said_by(message: &Message) -> String {
    match (&message.source, message.mid_turn) {
        (Some(source), _) => source.to_string(),
        (None, true) => words().you_meanwhile.to_owned(),
        (None, false) => words().you.to_owned(),
    }
}

fn thought(store: Store, key: RowKey) -> impl Content {
    let open = move || store.talk.is_open(key).unwrap_or(false);
    let text = derived(move || {
        store.talk.read(key, |entry| match &entry.body {
            Body::Thought(TextRun { text, .. }) => Some(text.clone()),
            _ => None,
        })
    });
    let took = derived(move || store.talk.read(key, |entry| Some(entry.until?.since(entry.at?))));
    let label = move || match took.get().filter(|took| took.0 >= 1_000) {
        Some(took) => words().thought_for(&duration(took)),
        None => words().thought.to_owned(),
    };
    div().class("thought").child((
        button()
            .plain()
            .class("fold")
            .attr("aria-expanded", move || open().to_string())
            .on(ev::click, move |_| store.dispatch(Command::Fold(key, !untrack(open))))
            .child((classed("icon chevron", icon::CHEVRON), label)),
        move || open().then(|| markdown::whole(&text.get().unwrap_or_default())),
    ))
}

fn plan(entry: &Entry) -> Option<AnyView> {
    let Body::Plan(Plan { steps }) = &entry.body else { return None };
    let steps = steps.iter().map(|step| {
        let (sign, says) = match &step.status {
            PlanStatus::Completed => ("✓", words().step_done),
            PlanStatus::InProgress => ("▸", words().step_now),
            PlanStatus::Pending | PlanStatus::Other(_) => ("·", words().step_later),
        };
        li().attr("data-state", step.status.as_str().to_owned()).child((
            span().class("box").attr("role", "img").attr("aria-label", says).child(sign),
            span().child(step.content.clone()),
        ))
    });
    Some(ul().class("plan").attr("aria-label", words().plan).child(steps.collect::<Vec<_>>()).view())
}

fn error(store: Store, entry: &Entry) -> Option<AnyView> {
    let Body::Error(TurnError { message, code, error_kind, .. }) = &entry.body else { return None };
    let turn = entry.turn;
    let advice = words().advice(code.as_deref(), error_kind.as_deref(), message);
    let press = move |label: &'static str, command: Command| {
        button().plain().class("button").on(ev::click, move |_| store.dispatch(command.clone())).child(label)
    };
    let again = turn.and_then(|turn| store.talk.prompt_of(turn));
    Some(
        div()
            .class("trouble")
            .attr("role", "article")
            .attr("aria-label", words().turn_failed)
            .child((
                strong().child(words().turn_failed),
                pre().child(message.clone()),
                p().child(advice),
                div().class("acts").child((
                    again.map(|text| press(words().send_again, Command::Send(text))),
                    button()
                        .plain()
                        .class("button")
                        .on(ev::click, move |_| store.composer.picker.set(Some(Control::Model)))
                        .child(words().other_model),
                )),
            ))
            .view(),
    )
}

fn line(entry: &Entry) -> Option<AnyView> {
    let Body::Notice(notice) = &entry.body else { return None };
    let says = match &**notice {
        Notice::ModeChanged(change, _) => words().mode_changed(&change.next),
        Notice::ModelSwitched(switch, _) => words().model_changed(&switch.model_id),
        Notice::ModelSwitchFailed(failed, _) => words().model_not_changed(&failed.requested_model_id, &failed.error),
        Notice::Compaction { text, .. } => text.trim().to_owned(),
        Notice::Goal(goal, _) => words().goal(&goal.kind, &goal.condition),
        Notice::SessionClosed(..) => words().ended_closed.to_owned(),
        Notice::SessionDied(..) => words().ended_died.to_owned(),
        Notice::RecordingDegraded(_) => words().recording_degraded.to_owned(),
        Notice::Event(source) | Notice::Unknown(source) => source.kind.as_str().replace('_', " "),
        Notice::Malformed(malformed, _) => malformed.to_string(),
    };
    Some(div().class("thin").attr("title", entry.at.map(clock_time)).child(span().child(says)).view())
}

fn shell(entry: &Entry) -> Option<AnyView> {
    let Body::Shell(run) = &entry.body else { return None };
    let ShellRun { command, output, result, .. } = &**run;
    let says = match result {
        None => words().tool_running.to_owned(),
        Some(result) if result.aborted => words().stopped.to_owned(),
        Some(result) => result.exit_code.map_or_else(|| words().stopped.to_owned(), |code| words().exit(code)),
    };
    let failed = result.as_ref().is_some_and(|result| result.exit_code != Some(0));
    Some(
        div()
            .class("tool")
            .attr("data-state", if failed { "failed" } else { "done" })
            .child((
                div().class("tool-line").child((
                    icon(icon::CHEVRON),
                    span().class("name").child("!"),
                    span().class("target").child(command.clone()),
                    span().class("state").child(says),
                )),
                (!output.is_empty()).then(|| {
                    div()
                        .class("tool-body")
                        .child(pre().class("output").attr("tabindex", "0").child(without_ansi(output)))
                }),
            ))
            .view(),
    )
}

fn media(entry: &Entry) -> Option<AnyView> {
    let Body::Media(block) = &entry.body else { return None };
    if let Some(picture) = shown(block) {
        return Some(picture.view());
    }
    let says = match &**block {
        ContentBlock::Image(media) | ContentBlock::Audio(media) => media.mime_type.clone(),
        ContentBlock::ResourceLink(link) => link.uri.clone(),
        ContentBlock::Resource(resource) => resource.uri.clone(),
        ContentBlock::Text(text) => text.clone(),
        ContentBlock::Other(_) => words().something_unknown.to_owned(),
    };
    Some(div().class("thin").child(span().child(says)).view())
}

fn turn_end(transcript: &Transcript, id: TurnId) -> Option<AnyView> {
    let turn = transcript.turn(id)?;
    let ended = match &turn.outcome {
        TurnOutcome::Running => return None,
        TurnOutcome::Ended { stop_reason } if &**stop_reason == "cancelled" => Some(words().stopped),
        TurnOutcome::Ended { stop_reason } if &**stop_reason == "end_turn" => None,
        TurnOutcome::Ended { stop_reason } => Some(words().stop_reason(stop_reason)),
        TurnOutcome::Failed => Some(words().failed),
        TurnOutcome::Abandoned => Some(words().broken_off),
    };
    let took = turn.started_at.zip(turn.ended_at).map(|(from, to)| to.since(from));
    let took = took.filter(|took| took.0 >= 100).map(duration);
    let tokens = (turn.usage.total_tokens > 0)
        .then(|| words().tokens(&count(turn.usage.input_tokens), &count(turn.usage.output_tokens)));
    let at = turn.ended_at.map(clock_time);
    Some(
        div()
            .class("turn-end")
            .child((
                ended.map(|ended| strong().child(ended)),
                took.map(|took| span().child(took)),
                tokens.map(|tokens| span().child(tokens)),
                at.map(|at| span().child(at)),
            ))
            .view(),
    )
}

/// `text` without the sequences by which a program paints a terminal: here they are neither obeyed nor shown.
pub(crate) fn without_ansi(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        match (sign, rest.peek()) {
            ('\u{1b}', Some('[')) => {
                rest.next();
                while rest.next().is_some_and(|sign| !('\u{40}'..='\u{7e}').contains(&sign)) {}
            }
            ('\u{1b}', Some(']')) => {
                while rest.next().is_some_and(|sign| sign != '\u{7}' && sign != '\u{1b}') {}
                rest.next_if_eq(&'\\');
            }
            ('\u{1b}', Some(_)) => {
                rest.next();
            }
            (sign, _) if sign.is_control() && !matches!(sign, '\n' | '\t') => {}
            (sign, _) => plain.push(sign),
        }
    }
    plain
}

/// The row that says what goes on while a turn runs.
pub(crate) fn working(store: Store) -> impl Content {
    move || {
        let since = store.talk.busy.get().then(|| store.talk.busy_since.get())?;
        let waits = !store.talk.asks.with(Vec::is_empty);
        let says = match (store.talk.cancelling.get(), waits) {
            (true, _) => words().stopping,
            (false, true) => words().waits_for_you,
            (false, false) => words().working,
        };
        let seconds =
            move || since.map(|since| duration(roost_core::Millis(store.clock.get().since(since).0 / 1_000 * 1_000)));
        Some(div().class("working").child((
            icon(icon::CIRCLE),
            span().attr("role", "status").child(says),
            span().attr("aria-hidden", "true").child(seconds),
        )))
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn terminal_sequences_leave_plain_text() {
        assert_eq!(without_ansi("\u{1b}[1;31mred\u{1b}[0m\r\n\tx\u{7}"), "red\n\tx");
        assert_eq!(without_ansi("\u{1b}]0;title\u{7}a\u{1b}]52;c;aGk=\u{1b}\\b"), "ab");
    }

    #[test]
    fn a_row_s_key_survives_its_text() {
        let entry = roost_core::transcript::EntryId(roost_core::transcript::Seq { event: 7, nth: 1 });
        for key in [RowKey::block(entry, 3), RowKey::turn_end(entry)] {
            assert_eq!(parse_key(&key_text(key)), Some(key));
        }
    }
}
