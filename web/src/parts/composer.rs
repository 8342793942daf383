//! The composer: the text box, its palette, what can be chosen, and the button that sends.

use crate::leptos::{ev, prelude::*};
use roost_core::Millis;

use super::{
    icon::{self, icon},
    mention::{self, mention},
    palette::{self, palette},
    picker::picker,
};
use crate::{
    browser::{self, files, timer},
    dom::{Content, button, div, form, img, li, span, textarea, ul},
    store::{Command, Control, PROMPT, PaletteView, Picture, Store, derived, source, store},
    words::words,
};

/// Escape pressed twice within this time stops the turn.
const TWICE: Millis = Millis(2_000);
const PAGE: isize = 8;

pub(crate) fn composer() -> impl Content {
    let store = store();
    let mentions = derived(move || store.composer.mention.with(Option::is_some));
    let expanded = move || {
        mentions.get() || store.composer.palette.with(|view| view.as_ref().is_some_and(|view| view.menu.is_open()))
    };
    let shell = derived(move || store.has_shell() && store.composer.shown.with(|text| text.starts_with('!')));
    let active = move || {
        if let Some(chosen) = store.composer.mention.with(|view| view.as_ref().map(|view| view.chosen)) {
            return Some(mention::row_id(chosen));
        }
        let selected = store
            .composer
            .palette
            .with(|view| view.as_ref().filter(|view| view.menu.is_open()).and_then(PaletteView::selected));
        selected.map(palette::row_id)
    };
    let pictured = derived(move || !store.composer.pictures.with(Vec::is_empty));
    let empty = derived(move || !pictured.get() && store.composer.shown.with(|text| text.trim().is_empty()));
    form()
        .class("composer")
        .attr("data-shell", move || shell.get().then_some(""))
        .on(ev::submit, move |event| {
            event.prevent_default();
            store.submit();
        })
        .on(ev::dragover, move |event| event.prevent_default())
        .on(ev::drop, move |event| {
            event.prevent_default();
            store.take_pictures(files::of(&event, "dataTransfer"));
        })
        .child((
            palette(),
            mention(),
            pictures(store),
            div().class("field").child((
                div().class("ghost").attr("aria-hidden", "true").child(move || ghost(store)),
                textarea()
                    .id(PROMPT)
                    .class("prompt")
                    .attr("rows", "1")
                    .attr("role", "combobox")
                    .attr("aria-label", words().prompt)
                    .attr("aria-autocomplete", "list")
                    .attr("aria-haspopup", "listbox")
                    .attr("aria-controls", move || if mentions.get() { mention::LIST } else { palette::LIST })
                    .attr("aria-expanded", move || expanded().to_string())
                    .attr("aria-activedescendant", active)
                    .attr("aria-describedby", "composer-tip")
                    .attr("placeholder", words().placeholder)
                    .attr("autocomplete", "off")
                    .attr("spellcheck", "true")
                    .attr("enterkeyhint", "send")
                    .on(ev::input, move |_| store.typed())
                    .on(ev::paste, move |event| {
                        if store.take_pictures(files::of(&event, "clipboardData")) {
                            event.prevent_default();
                        }
                    })
                    .on(ev::blur, move |_| {
                        store.close_palette();
                        store.close_mention();
                    })
                    .on(ev::keydown, move |event| key(store, &event)),
            )),
            div().class("foot").child((
                button()
                    .plain()
                    .class("quiet")
                    .attr("aria-label", words().commands)
                    .attr("title", words().commands)
                    .on(ev::mousedown, move |event| event.prevent_default())
                    .on(ev::click, move |_| store.show_palette())
                    .child(icon(icon::SLASH)),
                picker(Control::Mode),
                picker(Control::Model),
                move || shell.get().then(|| span().class("shell-sign").child(words().in_shell)),
                span().class("gap"),
                span().class("tip").id("composer-tip").child(move || tip(store)),
                move || {
                    store.talk.busy.get().then(|| {
                        button()
                            .plain()
                            .class("button stop")
                            .attr("disabled", move || store.talk.cancelling.get())
                            .on(ev::click, move |_| store.dispatch(Command::CancelTurn))
                            .child((icon(icon::STOP), move || {
                                if store.talk.cancelling.get() { words().stopping } else { words().stop }
                            }))
                    })
                },
                move || {
                    (store.can_tell_now() && !empty.get() && !shell.get()).then(|| {
                        button()
                            .plain()
                            .class("button")
                            .attr("title", words().tell_now_hint)
                            .on(ev::click, move |_| store.dispatch(Command::TellNow(store.composer.text())))
                            .child(words().tell_now)
                    })
                },
                button()
                    .attr("type", "submit")
                    .class("primary send")
                    .attr("disabled", move || empty.get())
                    .attr("aria-label", move || if store.talk.busy.get() { words().queue_it } else { words().send })
                    .child(icon(icon::ARROW_UP)),
            )),
        ))
}

/// What goes along with the text: looked at, with its size, and a way to leave it out.
fn pictures(store: Store) -> impl Content {
    let one = move |(nth, picture): (usize, &Picture)| {
        li().child((
            img().attr("src", source(&picture.media())).attr("alt", picture.name.clone()),
            span().class("fate").child(picture.size()),
            button()
                .plain()
                .class("quiet")
                .attr("aria-label", words().remove_of(&picture.name))
                .on(ev::click, move |_| store.remove_picture(nth))
                .child(icon(icon::CROSS)),
        ))
    };
    move || {
        store.composer.pictures.with(|all| {
            let shown: Vec<_> = all.iter().enumerate().map(one).collect();
            (!shown.is_empty()).then(|| ul().class("pictures").attr("aria-label", words().pictures).child(shown))
        })
    }
}

/// The argument hint behind what has been typed.
fn ghost(store: Store) -> Option<AnyView> {
    let hint = store.composer.palette.with(|view| view.as_ref().map(|view| view.menu.ghost.clone()))?;
    let typed = store.composer.shown.get();
    (!hint.is_empty()).then(|| (span().class("typed").child(typed), hint).view())
}

fn tip(store: Store) -> String {
    let problem = store
        .composer
        .palette
        .with(|view| view.as_ref().and_then(|view| view.menu.chips.iter().find_map(|chip| chip.problem.clone())));
    if let Some(problem) = problem {
        return problem;
    }
    match (store.composer.stop_asked.get(), store.talk.busy.get()) {
        (true, true) => words().press_escape_again.to_owned(),
        (false, true) if store.can_tell_now() => words().tip_tell_now.to_owned(),
        (false, true) => words().tip_busy.to_owned(),
        (_, false) => String::new(),
    }
}

fn key(store: Store, event: &ev::KeyboardEvent) {
    // While an input method composes, every key is its own.
    if event.is_composing() || event.key_code() == 229 {
        return;
    }
    if store.composer.mention.with_untracked(Option::is_some) && key_in_mention(store, event) {
        event.prevent_default();
        event.stop_propagation();
        return;
    }
    let taken = match store.composer.palette.get_untracked().filter(|view| view.menu.is_open()) {
        Some(view) => key_in_palette(store, event, &view) || key_in_text(store, event),
        None => key_in_text(store, event),
    };
    if taken {
        event.prevent_default();
        event.stop_propagation();
    }
}

fn key_in_mention(store: Store, event: &ev::KeyboardEvent) -> bool {
    match (event.key().as_str(), event.ctrl_key()) {
        ("ArrowDown", false) | ("n", true) => store.move_mention(1),
        ("ArrowUp", false) | ("p", true) => store.move_mention(-1),
        ("Enter" | "Tab", false) if !event.shift_key() => store.take_mention(None),
        ("Escape", _) => store.close_mention(),
        _ => return false,
    }
    true
}

fn key_in_palette(store: Store, event: &ev::KeyboardEvent, view: &PaletteView) -> bool {
    if view.menu.rows.is_empty() {
        return event.key() == "Escape" && escape_palette(store);
    }
    match (event.key().as_str(), event.ctrl_key()) {
        ("ArrowDown", false) | ("n", true) => store.move_selection(1),
        ("ArrowUp", false) | ("p", true) => store.move_selection(-1),
        ("PageDown", false) => store.page_selection(PAGE),
        ("PageUp", false) => store.page_selection(-PAGE),
        ("Home", false) => store.page_selection(isize::MIN / 2),
        ("End", false) => store.page_selection(isize::MAX / 2),
        ("Escape", _) => return escape_palette(store),
        _ => return false,
    }
    true
}

fn escape_palette(store: Store) -> bool {
    store.close_palette();
    true
}

fn key_in_text(store: Store, event: &ev::KeyboardEvent) -> bool {
    let bare = !event.shift_key() && !event.ctrl_key() && !event.alt_key() && !event.meta_key();
    match event.key().as_str() {
        "Enter" if bare => store.submit(),
        "Enter" if event.shift_key() && (event.ctrl_key() || event.meta_key()) && untrack(|| store.can_tell_now()) => {
            store.dispatch(Command::TellNow(store.composer.text()));
        }
        "Enter" if (event.ctrl_key() || event.meta_key()) && store.composer.text().starts_with('/') => {
            store.dispatch(Command::SendAsText(store.composer.text()));
        }
        "Enter" if event.ctrl_key() || event.alt_key() || event.meta_key() => {
            browser::insert_at_caret(PROMPT, "\n");
            store.typed();
        }
        "Tab" if bare => return store.complete(),
        "ArrowUp" if bare => return store.recall(true),
        "ArrowDown" if bare => return store.recall(false),
        "Escape" if bare => return escape(store),
        _ => return false,
    }
    true
}

/// Escape stops a turn, when it is pressed twice.
pub(crate) fn escape(store: Store) -> bool {
    if !store.talk.busy.get_untracked() {
        return false;
    }
    if store.composer.stop_asked.get_untracked() {
        store.composer.stop_asked.set(false);
        store.dispatch(Command::CancelTurn);
    } else {
        store.composer.stop_asked.set(true);
        timer::after(TWICE, move || store.composer.stop_asked.set(false));
    }
    true
}
