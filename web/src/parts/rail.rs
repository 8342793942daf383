//! The list of sessions: what waits for a person first, then what runs, what is pinned, the groups, and the rest by time.

mod group;
pub(crate) mod keyboard;
mod row;

use crate::leptos::{ev, prelude::*};
use roost_core::{case::folded, client::Group};

pub(super) use self::group::dot;
use self::{group::group, row::list};
use super::{
    icon::{self, icon},
    picker::picker,
};
use crate::{
    browser,
    dom::{Content, El, Ref, a, button, div, each, h2, input, nav, once_drawn, p, span},
    store::{Command, Control, Derived, SessionLine, SessionState, Sheet, Store, Theme, derived, store},
    words::words,
};

/// A part of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Section {
    Waiting,
    Running,
    Pinned,
    Group(String),
    Recent,
}

impl Section {
    /// Where a session belongs: each stands in one place only.
    fn of(line: &SessionLine, groups: &[Group]) -> Self {
        let group = || line.group.clone().filter(|id| groups.iter().any(|group| group.id == *id));
        match line.state {
            SessionState::Waiting => Self::Waiting,
            SessionState::Running => Self::Running,
            SessionState::Resting | SessionState::Failed if line.pinned => Self::Pinned,
            SessionState::Resting | SessionState::Failed => group().map_or(Self::Recent, Self::Group),
        }
    }
}

pub(crate) fn rail() -> impl Content {
    let store = store();
    let away = derived(move || store.list.archived.with(Option::is_some));
    let node = Ref::new();
    once_drawn(node, |node| keyboard::keep(&node));
    nav()
        .class("rail")
        .node_ref(node)
        .attr("aria-label", words().sessions)
        .on(ev::keydown, move |event| {
            if event.key() == "Escape" && store.rail_open.get_untracked() {
                store.dispatch(Command::ShowRail(false));
                browser::focus("prompt");
            }
        })
        .child((
            head(store),
            div().class("rail-find").child(
                input()
                    .attr("type", "search")
                    .attr("aria-label", words().find_session)
                    .attr("placeholder", words().find_session)
                    .on(ev::input, move |event| store.list.search.set(folded(&event_target_value(&event)))),
            ),
            move || if away.get() { archived(store).view() } else { at_hand(store).view() },
            foot(store),
        ))
}

fn head(store: Store) -> El {
    div().class("rail-head").child((
        a().class("brand")
            .attr("href", "/")
            .on(ev::click, move |event| {
                if plain_click(&event) {
                    store.dispatch(Command::GoHome);
                }
            })
            .child("Roost"),
        picker(Control::Workspace),
        quiet(words().new_session, icon::PLUS, move || store.dispatch(Command::NewSession)),
    ))
}

fn at_hand(store: Store) -> El {
    let groups = derived(move || store.list.groups.get());
    div().class("rail-list").child((
        move || {
            (store.list.listed.get() && store.list.sessions.with(Vec::is_empty))
                .then(|| p().class("rail-empty").child(words().no_sessions))
        },
        section(store, words().waiting_for_you, Section::Waiting),
        section(store, words().running, Section::Running),
        section(store, words().pinned, Section::Pinned),
        each(move || groups.get(), |one| one.id.clone(), move |one| group(store, groups, one).view()),
        section(store, words().recent, Section::Recent),
        move || {
            let searched = store.list.search.with(|text| !text.is_empty());
            (searched && found(store).is_empty()).then(|| p().class("rail-empty").child(words().none_found))
        },
    ))
}

/// The sessions that the search leaves: of the chosen workspace, and of any other those that run or wait.
fn found(store: Store) -> Vec<SessionLine> {
    let here = store.workspace();
    let looks = |line: &&SessionLine| {
        line.workspace == here || !matches!(line.state, SessionState::Resting | SessionState::Failed)
    };
    store.list.sessions.with(|all| {
        store.list.search.with(|text| {
            let matches = |line: &&SessionLine| text.is_empty() || folded(&line.title).contains(text);
            all.iter().filter(looks).filter(matches).cloned().collect()
        })
    })
}

fn lines_of(store: Store, section: Section) -> Derived<Vec<SessionLine>> {
    derived(move || {
        let groups = store.list.groups.get();
        found(store).into_iter().filter(|line| Section::of(line, &groups) == section).collect()
    })
}

fn section(store: Store, title: &'static str, section: Section) -> impl Content {
    let lines = lines_of(store, section);
    let empty = derived(move || lines.with(Vec::is_empty));
    move || {
        (!empty.get())
            .then(|| div().child((h2().class("rail-group").child(title), list(store, move || title.to_owned(), lines))))
    }
}

fn archived(store: Store) -> El {
    let lines = derived(move || {
        let lines = store.list.archived.get().unwrap_or_default();
        let text = store.list.search.get();
        let matches = |line: &SessionLine| text.is_empty() || folded(&line.title).contains(&text);
        lines.into_iter().filter(matches).collect::<Vec<_>>()
    });
    div().class("rail-list").child((
        h2().class("rail-group").child(words().archived),
        move || lines.with(Vec::is_empty).then(|| p().class("rail-empty").child(words().none_archived)),
        list(store, || words().archived.to_owned(), lines),
    ))
}

fn foot(store: Store) -> El {
    let away = move || store.list.archived.with(Option::is_some);
    let has = move |tag: &str| store.daemon.with(|daemon| daemon.has(tag));
    div().class("rail-foot").child((
        move || {
            has("session_archive").then(|| {
                button()
                    .plain()
                    .class("quiet archive")
                    .attr("aria-pressed", move || away().to_string())
                    .on(ev::click, move |_| store.dispatch(Command::ShowArchived(!untrack(away))))
                    .child((icon(icon::BOX), words().archived))
            })
        },
        span().class("gap"),
        theme_button(store),
        quiet(words().panels, icon::GEAR, move || {
            let offered = |sheet: &Sheet| store.daemon.with_untracked(|daemon| sheet.is_offered(|tag| daemon.has(tag)));
            store.dispatch(Command::ShowSheet(Sheet::ALL.into_iter().find(offered)));
        }),
    ))
}

/// A click the page answers; any other (with a modifier, or of another button) is the browser's.
pub(super) fn plain_click(event: &ev::MouseEvent) -> bool {
    let plain = event.button() == 0 && !event.ctrl_key() && !event.meta_key() && !event.shift_key() && !event.alt_key();
    if plain {
        event.prevent_default();
    }
    plain
}

fn theme_button(store: Store) -> impl Content {
    let shape = move || match store.theme.get() {
        Theme::System => icon(icon::HALF).view(),
        Theme::Light => icon(icon::SUN).view(),
        Theme::Dark => icon(icon::MOON).view(),
    };
    let label = move || words().theme(store.theme.get());
    button()
        .plain()
        .class("quiet")
        .attr("aria-label", label)
        .attr("title", label)
        .on(ev::click, move |_| store.dispatch(Command::Wear(store.theme.get_untracked().next())))
        .child(shape)
}

/// A button that is an icon.
pub(super) fn quiet(label: &'static str, shape: &'static str, does: impl Fn() + 'static) -> El {
    button()
        .plain()
        .class("quiet")
        .attr("aria-label", label)
        .attr("title", label)
        .on(ev::click, move |_| does())
        .child(icon(shape))
}

/// What a session's state is called; nothing where there is nothing to say.
pub(super) fn state_words(state: SessionState) -> Option<&'static str> {
    match state {
        SessionState::Resting => None,
        SessionState::Running => Some(words().state_running),
        SessionState::Waiting => Some(words().state_waiting),
        SessionState::Failed => Some(words().state_failed),
    }
}

/// The title, or what stands for one.
pub(super) fn shown_title(line: &SessionLine) -> String {
    if line.title.is_empty() { words().untitled.to_owned() } else { line.title.clone() }
}
