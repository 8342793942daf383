//! What an agent asks, right above a composer that stays usable: exactly what would run or change, and every answer.
//!
//! With an empty composer the dock takes the keyboard; with text in it, it does not, and says how to answer anyway. No key decides in the
//! first moments, so that an answer is never an accident.

mod ballot;
mod question;

use crate::leptos::{ev, prelude::*};
use roost_core::{
    payload::{PermissionOption, ToolContent},
    transcript::Permission,
};
use serde_json::Value;

use self::{ballot::Ballot, question::Answers};
use super::{diff::diff, markdown::visible};
use crate::{
    browser,
    dom::{Content, El, Ref, button, code, dd, div, dl, dt, h2, kbd, once_drawn, p, pre, section, span},
    store::{Command, Store, derived, store},
    words::words,
};

/// Id of the element that takes the keyboard.
pub(crate) const DOCK: &str = "dock";

/// Requests of other sessions: counted, named, one press away.
pub(crate) fn elsewhere() -> impl Content {
    let store = store();
    move || {
        let waiting = store.waiting_elsewhere();
        let first = waiting.first().map(|line| line.id.clone())?;
        let title = store.title_of(&first);
        Some(
            p().class("elsewhere").child((
                span().child(words().waiting_elsewhere(waiting.len())),
                button()
                    .plain()
                    .class("link")
                    .on(ev::click, move |_| store.dispatch(Command::Open(first.clone())))
                    .child(words().go_to(&title)),
            )),
        )
    }
}

pub(crate) fn dock() -> impl Content {
    let store = store();
    let request = derived(move || store.talk.asks.with(|asks| asks.first().map(|ask| ask.request_id().clone())));
    (
        div().class("unseen").attr("role", "alert").child(move || {
            request.get().and_then(|_| store.talk.asks.with_untracked(|asks| asks.first().map(title_of)))
        }),
        move || {
            request.get()?;
            let ask = store.talk.asks.with_untracked(|asks| asks.first().cloned())?;
            Some(card(store, &ask).view())
        },
    )
}

fn card(store: Store, ask: &Permission) -> impl Content {
    let questions = ask.request.questions();
    let answers = Answers::to(&questions);
    let ballot = Ballot::new(store, ask, (!questions.is_empty()).then(|| answers.clone()));
    let node = Ref::new();
    // Focus moves only when nothing is being written.
    once_drawn(node, move |node| {
        let free = browser::nothing_focused() || browser::has_focus("prompt") || browser::has_focus("talk");
        if store.composer.is_blank() && free {
            let _ = node.focus();
        }
    });
    let (by_key, by_chord) = (ballot.clone(), ballot.clone());
    let handle = window_event_listener(ev::keydown, move |event| by_chord.by_chord(&event));
    on_cleanup(move || handle.remove());
    let questions = questions.into_iter().enumerate().map(|(nth, one)| question::ask(nth, one, &answers));
    section()
        .class("dock")
        .id(DOCK)
        .attr("data-request", ask.request_id().to_string())
        .attr("role", "group")
        .attr("aria-labelledby", "dock-title")
        .attr("tabindex", "-1")
        .node_ref(node)
        .on(ev::keydown, move |event| by_key.by_key(&event))
        .child((
            head(store, ask),
            div()
                .class("dock-what")
                .attr("tabindex", "0")
                .attr("role", "region")
                .attr("aria-label", words().what_would_happen)
                .child((what(ask), questions.collect::<Vec<_>>())),
            options(&ballot),
        ))
}

/// What it is about, how many more wait, and how the vote stands.
fn head(store: Store, ask: &Permission) -> El {
    div().class("dock-head").child((
        h2().id("dock-title").child(title_of(ask)),
        span().class("of").child(move || {
            let count = store.talk.asks.with(Vec::len);
            (count > 1).then(|| words().one_of(count))
        }),
        move || {
            let progress = store.talk.asks.with(|asks| asks.first()?.progress.clone())?;
            Some(span().class("of").child(words().votes(progress.votes_received, progress.quorum)))
        },
    ))
}

/// A button for every answer.
fn options(ballot: &Ballot) -> El {
    let answer = |(nth, option): (usize, &PermissionOption)| {
        let (cast, ballot, option) = (ballot.clone(), ballot.clone(), option.clone());
        button()
            .plain()
            .class("button")
            .attr("data-kind", option.kind.to_string())
            .attr("data-option", option.option_id.to_string())
            .attr("disabled", move || cast.is_cast())
            .child((
                span().child(option.name.clone()),
                (nth < 9).then(|| kbd().attr("aria-hidden", "true").child((nth + 1).to_string())),
            ))
            .on(ev::click, move |_| ballot.decide(&option))
    };
    let answers: Vec<_> = ballot.options.iter().enumerate().map(answer).collect();
    div().class("dock-acts").child((answers, span().class("tip").child(words().dock_tip)))
}

fn title_of(ask: &Permission) -> String {
    let call = &ask.request.tool_call;
    if !ask.request.questions().is_empty() {
        return words().agent_asks.to_owned();
    }
    let title = call.title.clone().unwrap_or_default();
    let kind = call.kind.as_ref().map_or("other", |kind| kind.as_str());
    words().permission_title(kind, &title)
}

/// The very thing: the command as it would run, or the change as it would be made; else the arguments.
fn what(ask: &Permission) -> impl Content + use<> {
    let call = &ask.request.tool_call;
    let input = call.raw_input.clone().unwrap_or(Value::Null);
    let command = input.get("command").and_then(Value::as_str).map(ToOwned::to_owned);
    let folder =
        ["directory", "cwd"].iter().find_map(|key| input.get(*key).and_then(Value::as_str)).map(ToOwned::to_owned);
    let mut diffs = Vec::new();
    let mut texts = Vec::new();
    for item in call.content.iter().flatten() {
        match item {
            ToolContent::Diff { path, old_text, new_text } => {
                diffs.push(diff(Some(path), old_text.as_deref(), new_text, true).view());
            }
            ToolContent::Block(block) => texts.extend(block.as_text().map(ToOwned::to_owned)),
            ToolContent::Terminal { .. } | ToolContent::Other(_) => {}
        }
    }
    let is_question = !ask.request.questions().is_empty();
    let bare = command.is_none() && diffs.is_empty() && !is_question;
    (
        command.map(|command| pre().class("command").child(code().child(visible(&command)))),
        folder.map(|folder| dl().class("facts").child((dt().child(words().folder), dd().child(folder)))),
        diffs.into_iter().collect::<Vec<_>>(),
        bare.then(|| facts(&input)),
        (bare && input.as_object().is_none_or(serde_json::Map::is_empty))
            .then(|| texts.into_iter().map(|text| pre().class("output").child(visible(&text))).collect::<Vec<_>>()),
    )
}

/// What a call was made with, name by name.
pub(super) fn facts(input: &Value) -> Option<El> {
    let pairs: Vec<_> = input
        .as_object()?
        .into_iter()
        .map(|(key, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            (dt().child(key.as_str()), dd().child(visible(&value)))
        })
        .collect();
    (!pairs.is_empty()).then(|| dl().class("facts").child(pairs))
}
