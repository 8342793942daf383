//! Ctrl+K: to a session or a command, by a few letters of its name.

use std::ops::Range;

use crate::leptos::{ev, prelude::*};
use roost_core::{SessionId, slash::Match};

use super::{
    palette::marked,
    rail::{shown_title, state_words},
};
use crate::{
    dom::{Content, El, Ref, dialog, input, li, on_top, shut, span, ul},
    store::{Command, Own, SessionLine, SessionState, Store, derived, store},
    words::words,
};

const MOST_ROWS: usize = 10;

pub(crate) fn switcher() -> impl Content {
    let store = store();
    move || store.switching.get().then(|| open(store).view())
}

/// One row: where it leads, and what the letters matched.
#[derive(Clone, PartialEq)]
struct Way {
    goal: Goal,
    label: String,
    about: String,
    marks: Vec<Range<usize>>,
}

#[derive(Clone, PartialEq)]
enum Goal {
    Session(SessionId),
    /// A command, by its name; it is written, not run.
    Command(String),
}

fn open(store: Store) -> El {
    let node = Ref::new();
    on_top(node);
    let (text, chosen) = (Own::new(String::new()), Own::new(0));
    let sought = text.clone();
    let ways = derived(move || ways(store, &sought.get()));
    let take = move |nth: usize| {
        if let Some(way) = ways.with_untracked(|ways| ways.get(nth).cloned()) {
            // The keyboard goes back first, so that it may be led elsewhere.
            shut(node);
            match way.goal {
                Goal::Session(session) => {
                    store.dispatch(Command::Open(session));
                    crate::browser::focus("prompt");
                }
                Goal::Command(name) => store.begin_command(&name),
            }
        }
    };
    let (at, point, shown, active) = (chosen.clone(), chosen.clone(), chosen.clone(), chosen);
    let rows = move || {
        let row = |(nth, way): (usize, Way)| {
            let (here, mine) = (shown.clone(), move |at: usize| (at == nth).to_string());
            li().class("option")
                .id(row_id(nth))
                .attr("role", "option")
                .attr("aria-selected", move || mine(here.get()))
                .on(ev::click, move |_| take(nth))
                .child((
                    span().class("name").child(marked(&way.label, &way.marks)),
                    span().class("about").child(way.about),
                ))
                .view()
        };
        ways.get().into_iter().enumerate().map(row).collect::<Vec<_>>()
    };
    dialog()
        .class("switcher")
        .attr("aria-label", words().go_to_what)
        .node_ref(node)
        .on(ev::close, move |_| store.switching.set(false))
        .child((
            input()
                .class("rename")
                .attr("role", "combobox")
                .attr("aria-label", words().go_to_what)
                .attr("placeholder", words().go_to_what)
                .attr("aria-expanded", "true")
                .attr("aria-controls", LIST)
                .attr("aria-activedescendant", move || row_id(active.get()))
                .attr("autocomplete", "off")
                .attr("spellcheck", "false")
                .on(ev::input, move |event| {
                    point.set(0);
                    text.set(event_target_value(&event));
                })
                .on(ev::keydown, move |event| {
                    let count = ways.with_untracked(Vec::len).max(1);
                    match event.key().as_str() {
                        "ArrowDown" => at.set((at.get_untracked() + 1) % count),
                        "ArrowUp" => at.set((at.get_untracked() + count - 1) % count),
                        "Enter" if !event.is_composing() => take(at.get_untracked()),
                        _ => return,
                    }
                    event.prevent_default();
                }),
            ul().id(LIST).attr("role", "listbox").attr("aria-label", words().go_to_what).child(rows),
        ))
}

const LIST: &str = "ways";

fn row_id(nth: usize) -> String {
    format!("way-{nth}")
}

/// The best rows. Without letters: the sessions that wait, then the latest.
fn ways(store: Store, query: &str) -> Vec<Way> {
    let query = query.trim();
    let mut found: Vec<(usize, Way)> = Vec::new();
    let mut add = |rank: usize, way: Way| {
        let at = found.partition_point(|(other, _)| *other <= rank);
        found.insert(at, (rank, way));
        found.truncate(MOST_ROWS);
    };
    store.list.sessions.with(|lines| {
        for line in lines {
            let waits = line.state == SessionState::Waiting;
            if let Some((rank, marks)) = rank(query, &line.title, usize::from(!waits)) {
                add(
                    rank,
                    Way { goal: Goal::Session(line.id.clone()), label: shown_title(line), about: about(line), marks },
                );
            }
        }
    });
    if !query.is_empty() {
        let palette = store.talk.palette.get();
        for command in palette.catalogue().commands() {
            let label = format!("/{}", command.name);
            if let Some((rank, marks)) = rank(query, &label, 0) {
                let (goal, about) = (Goal::Command(command.name.clone()), command.description.clone());
                add(rank + 1, Way { goal, label, about, marks });
            }
        }
    }
    found.into_iter().map(|(_, way)| way).collect()
}

/// How well a name answers, best 0, and what matched.
fn rank(query: &str, name: &str, without: usize) -> Option<(usize, Vec<Range<usize>>)> {
    if query.is_empty() {
        return Some((without, Vec::new()));
    }
    Match::of(query, name, &[], "").map(|hit| (hit.class as usize * 2, hit.marks))
}

fn about(line: &SessionLine) -> String {
    state_words(line.state).unwrap_or_default().to_owned()
}
