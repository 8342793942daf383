//! The list of sessions: what waits for a person first, then what runs, then the rest by time.

use leptos::{ev, prelude::*};
use roost_core::SessionId;

use super::icon::{self, icon};
use crate::{
    browser,
    dom::{Content, Ref, a, button, div, each, form, input, li, nav, p, span, take_keyboard, ul},
    store::{Command, SessionLine, SessionState, Sheet, Store, Theme, store},
    words::{when, words},
};

/// What is being done to a row of the list.
#[derive(Clone, Debug, PartialEq)]
enum Doing {
    Renaming(SessionId),
    Closing(SessionId),
}

pub(crate) fn rail() -> impl Content {
    let store = store();
    let doing = RwSignal::new(None::<Doing>);
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
            div().class("rail-head").child((
                a().class("brand")
                    .attr("href", "/")
                    .on(ev::click, move |event| {
                        if plain_click(&event) {
                            store.dispatch(Command::GoHome);
                        }
                    })
                    .child("Roost"),
                button()
                    .plain()
                    .class("quiet")
                    .attr("aria-label", words().new_session)
                    .attr("title", words().new_session)
                    .on(ev::click, move |_| store.dispatch(Command::NewSession))
                    .child(icon(icon::PLUS)),
            )),
            div().class("rail-list").child((
                move || {
                    (store.listed.get() && store.sessions.with(Vec::is_empty))
                        .then(|| p().class("rail-empty").child(words().no_sessions))
                },
                group(store, doing, words().waiting_for_you, |state| state == SessionState::Waiting),
                group(store, doing, words().running, |state| state == SessionState::Running),
                group(store, doing, words().recent, |state| {
                    matches!(state, SessionState::Resting | SessionState::Failed)
                }),
            )),
            div().class("rail-foot").child((
                span()
                    .class("where")
                    .attr("title", move || store.daemon.with(|daemon| daemon.workspace_cwd.clone()))
                    .child(move || store.daemon.with(|daemon| format!("\u{200e}{}", daemon.workspace_cwd))),
                theme_button(store),
                button()
                    .plain()
                    .class("quiet")
                    .attr("aria-label", words().this_device)
                    .attr("title", words().this_device)
                    .on(ev::click, move |_| store.dispatch(Command::ShowSheet(Some(Sheet::Device))))
                    .child(icon(icon::KEY)),
            )),
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

fn group(
    store: Store,
    doing: RwSignal<Option<Doing>>,
    title: &'static str,
    takes: fn(SessionState) -> bool,
) -> impl Content {
    let lines = Memo::new(move |_| {
        store.sessions.with(|all| all.iter().filter(|line| takes(line.state)).cloned().collect::<Vec<_>>())
    });
    let empty = Memo::new(move |_| lines.with(Vec::is_empty));
    move || {
        (!empty.get()).then(|| {
            div().child((
                div().class("rail-group").attr("aria-hidden", "true").child(title),
                ul().attr("aria-label", title).child(each(
                    move || lines.get(),
                    |line| {
                        format!(
                            "{} {} {} {}",
                            line.id,
                            line.updated.unwrap_or_default().0,
                            line.state.name(),
                            line.title
                        )
                    },
                    move |line| session(store, doing, line).view(),
                )),
            ))
        })
    }
}

fn session(store: Store, doing: RwSignal<Option<Doing>>, line: SessionLine) -> impl Content {
    let id = line.id.clone();
    let shown = id.clone();
    let here = Memo::new(move |_| store.talk.session.with(|here| here.as_ref() == Some(&shown)));
    li().class("session")
        .attr("data-session", id.to_string())
        .attr("data-state", line.state.name())
        .attr("data-here", move || here.get().then_some(""))
        .child(move || match doing.get() {
            Some(Doing::Renaming(which)) if which == line.id => rename(store, doing, &line).view(),
            Some(Doing::Closing(which)) if which == line.id => sure(store, doing, &line).view(),
            Some(Doing::Renaming(_) | Doing::Closing(_)) | None => plain(store, doing, &line, here).view(),
        })
}

fn plain(store: Store, doing: RwSignal<Option<Doing>>, line: &SessionLine, here: Memo<bool>) -> impl Content + use<> {
    let title = shown_title(line);
    let (open, renaming, closing) = (line.id.clone(), line.id.clone(), line.id.clone());
    let acts = div().class("acts").child((
        act(words().rename_of(&title), icon::PENCIL, move || doing.set(Some(Doing::Renaming(renaming.clone())))),
        act(words().close_of(&title), icon::CROSS, move || doing.set(Some(Doing::Closing(closing.clone())))),
    ));
    (
        a().attr("href", format!("/session/{}", line.id))
            .attr("aria-current", move || here.get().then_some("page"))
            .attr("title", title.clone())
            .on(ev::click, move |event| {
                if plain_click(&event) {
                    store.dispatch(Command::Open(open.clone()));
                }
            })
            .child((
                span().class("lamp"),
                span().class("name").child(title),
                span().class("when").child(line.updated.map(|at| when(at, browser::now()))),
                state_words(line.state).map(|says| span().class("says").child(says)),
            )),
        acts,
    )
}

fn act(label: String, shape: &'static str, does: impl Fn() + 'static) -> impl Content {
    let title = label.clone();
    button()
        .plain()
        .class("quiet")
        .attr("aria-label", label)
        .attr("title", title)
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

fn rename(store: Store, doing: RwSignal<Option<Doing>>, line: &SessionLine) -> impl Content + use<> {
    let text = RwSignal::new(line.title.clone());
    let id = line.id.clone();
    let field = Ref::new();
    take_keyboard(field);
    form()
        .class("sure")
        .on(ev::submit, move |event| {
            event.prevent_default();
            store.dispatch(Command::Rename { session: id.clone(), title: text.get_untracked() });
            doing.set(None);
        })
        .child(
            input()
                .class("rename")
                .attr("aria-label", words().title)
                .attr("maxlength", "256")
                .node_ref(field)
                .attr("value", text.get_untracked())
                .on(ev::input, move |event| text.set(event_target_value(&event)))
                .on(ev::blur, move |_| doing.set(None))
                .on(ev::keydown, move |event| {
                    if event.key() == "Escape" {
                        event.stop_propagation();
                        doing.set(None);
                    }
                }),
        )
}

fn sure(store: Store, doing: RwSignal<Option<Doing>>, line: &SessionLine) -> impl Content + use<> {
    let id = line.id.clone();
    div().class("sure").attr("role", "group").attr("aria-label", words().close_session).child((
        span().child(words().close_sure),
        button()
            .plain()
            .class("button")
            .attr("autofocus", true)
            .on(ev::click, move |_| {
                doing.set(None);
                store.dispatch(Command::Close(id.clone()));
            })
            .child(words().close),
        button().plain().class("quiet").on(ev::click, move |_| doing.set(None)).child(words().keep),
    ))
}
