//! The list of sessions: what waits for a person first, then what runs, what is pinned, the groups, and the rest by time.

use crate::leptos::{ev, prelude::*};

use super::{
    icon::{self, icon},
    menu::menu_button,
    name_field::name_field,
    picker::picker,
    sure::sure,
};
use crate::{
    browser,
    dom::{Content, El, a, button, div, each, h2, input, li, nav, p, span, ul},
    store::{Command, Control, Derived, Doing, MenuOf, SessionLine, SessionState, Sheet, Store, Theme, derived, store},
    words::{when, words},
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
    fn of(line: &SessionLine, groups: &[roost_core::client::Group]) -> Self {
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
    nav()
        .class("rail")
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
                    .on(ev::input, move |event| store.list.search.set(event_target_value(&event).to_lowercase())),
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
        move || groups.get().into_iter().map(|one| group(store, one).view()).collect::<Vec<_>>(),
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
            let matches = |line: &&SessionLine| text.is_empty() || line.title.to_lowercase().contains(text);
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
        (!empty.get()).then(|| {
            div().child((h2().class("rail-group").child(title), list(store, title.to_owned(), move || lines.get())))
        })
    }
}

fn group(store: Store, group: roost_core::client::Group) -> impl Content {
    let lines = lines_of(store, Section::Group(group.id.clone()));
    let (id, of, shown) = (group.id.clone(), group.clone(), group.id.clone());
    let open = derived(move || !store.is_folded(&shown));
    let head = move || match store.doing.get() {
        Some(Doing::RenamingGroup(which)) if which == of.id => {
            let id = of.id.clone();
            let named = move |name: String| {
                let change = roost_core::client::GroupChange { name: Some(name), ..Default::default() };
                Command::ChangeGroup(id.clone(), change)
            };
            name_field(store, words().group_name, &of.name, named).view()
        }
        Some(Doing::DeletingGroup(which)) if which == of.id => {
            sure(store, words().delete_group_sure, words().delete, Command::DeleteGroup(which)).view()
        }
        _ => group_head(store, &of, open, lines).view(),
    };
    let name = group.name;
    div()
        .attr("data-group", id)
        .child((head, move || open.get().then(|| list(store, name.clone(), move || lines.get()))))
}

fn group_head(
    store: Store,
    group: &roost_core::client::Group,
    open: Derived<bool>,
    lines: Derived<Vec<SessionLine>>,
) -> impl Content + use<> {
    let id = group.id.clone();
    div().class("rail-group group-head").child((
        button()
            .plain()
            .class("fold")
            .attr("aria-expanded", move || open.get().to_string())
            .on(ev::click, move |_| store.dispatch(Command::FoldGroup(id.clone())))
            .child((
                icon::classed("icon chevron", icon::CHEVRON),
                dot(&group.color),
                span().class("name").child(group.name.clone()),
                span().class("when").child(move || lines.with(Vec::len).to_string()),
            )),
        menu_button(store, words().group_menu(&group.name), MenuOf::Group(group.clone())),
    ))
}

/// The color of a group, as a shape beside its name.
pub(super) fn dot(color: &str) -> impl Content + use<> {
    span().class("dot").attr("data-color", color.to_owned()).attr("aria-hidden", "true")
}

fn archived(store: Store) -> El {
    let lines = derived(move || {
        let lines = store.list.archived.get().unwrap_or_default();
        let text = store.list.search.get();
        let matches = |line: &SessionLine| text.is_empty() || line.title.to_lowercase().contains(&text);
        lines.into_iter().filter(matches).collect::<Vec<_>>()
    });
    div().class("rail-list").child((
        h2().class("rail-group").child(words().archived),
        move || lines.with(Vec::is_empty).then(|| p().class("rail-empty").child(words().none_archived)),
        list(store, words().archived.to_owned(), move || lines.get()),
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

fn list(store: Store, title: String, lines: impl Fn() -> Vec<SessionLine> + Send + Sync + 'static) -> El {
    ul().attr("aria-label", title).child(each(lines, key, move |line| session(store, line).view()))
}

/// All that a row shows: another one is another row.
fn key(line: &SessionLine) -> String {
    let (updated, group) = (line.updated.unwrap_or_default().0, line.group.as_deref().unwrap_or_default());
    format!("{} {updated} {} {} {group} {}", line.id, line.state.name(), line.pinned, line.title)
}

fn session(store: Store, line: SessionLine) -> impl Content {
    let shown = line.id.clone();
    let here = derived(move || store.talk.session.with(|here| here.as_ref() == Some(&shown)));
    li().class("session")
        .attr("data-session", line.id.to_string())
        .attr("data-state", line.state.name())
        .attr("data-here", move || here.get().then_some(""))
        .child(move || {
            let id = line.id.clone();
            match store.doing.get() {
                Some(Doing::Renaming(which)) if which == id => {
                    let named = move |title| Command::Rename { session: id.clone(), title };
                    name_field(store, words().title, &line.title, named).view()
                }
                Some(Doing::Grouping(which)) if which == id => {
                    let named = move |name| Command::NewGroup { session: id.clone(), name };
                    name_field(store, words().group_name, "", named).view()
                }
                Some(Doing::Closing(which)) if which == id => {
                    sure(store, words().close_sure, words().close, Command::Close(id)).view()
                }
                Some(Doing::Deleting(which)) if which == id => {
                    sure(store, words().delete_sure, words().delete, Command::Delete(id)).view()
                }
                _ => plain(store, &line, here).view(),
            }
        })
}

fn plain(store: Store, line: &SessionLine, here: Derived<bool>) -> impl Content + use<> {
    let title = shown_title(line);
    let open = line.id.clone();
    let inside = (
        span().class("lamp"),
        span().class("name").child(title.clone()),
        span()
            .class("when")
            .child((line.pinned.then(|| icon(icon::PIN)), line.updated.map(|at| when(at, browser::now())))),
        state_words(line.state).map(|says| span().class("says").child(says)),
    );
    let name = if line.archived {
        // It cannot be opened before it is brought back.
        div().class("line").child(inside)
    } else {
        a().class("line")
            .attr("href", format!("/session/{}", line.id))
            .attr("aria-current", move || here.get().then_some("page"))
            .attr("title", title.clone())
            .on(ev::click, move |event| {
                if plain_click(&event) {
                    store.dispatch(Command::Open(open.clone()));
                }
            })
            .child(inside)
    };
    (name, menu_button(store, words().menu_of(&title), MenuOf::Session(line.clone())))
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
