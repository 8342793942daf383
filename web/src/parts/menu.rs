//! What can be done to a session or a group: a menu at its row, a sheet from below on a phone.

use crate::leptos::{ev, prelude::*};
use roost_core::client::{ExportFormat, GroupChange};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement, HtmlElement};

use super::{
    icon::{self, icon},
    rail,
};
use crate::{
    browser,
    dom::{Content, El, Ref, button, dialog, li, once_drawn, shut, span, ul},
    store::{Command, Doing, MenuAt, MenuOf, SessionLine, SessionState, Store, store},
    words::words,
};

/// The button that opens it.
pub(super) fn menu_button(
    store: Store,
    label: impl Fn() -> String + Copy + Send + 'static,
    of: impl Fn() -> MenuOf + 'static,
) -> El {
    button()
        .plain()
        .class("quiet more-acts")
        .attr("aria-haspopup", "menu")
        .attr("aria-label", label)
        .attr("title", label)
        .on(ev::click, move |event| {
            let Some(button) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) else {
                return;
            };
            let place = button.get_bounding_client_rect();
            let at = MenuAt { of: of(), left: place.left(), top: place.bottom() };
            store.dispatch(Command::ShowMenu(Some(at)));
        })
        .child(icon(icon::MORE))
}

/// One line of a menu.
enum Item {
    Heading(&'static str),
    Act { label: String, chosen: Option<bool>, color: Option<String>, command: Command },
}

fn act(label: &str, command: Command) -> Item {
    Item::Act { label: label.to_owned(), chosen: None, color: None, command }
}

fn choice(label: &str, chosen: bool, color: Option<&str>, command: Command) -> Item {
    Item::Act { label: label.to_owned(), chosen: Some(chosen), color: color.map(ToOwned::to_owned), command }
}

pub(crate) fn menu() -> impl Content {
    let store = store();
    move || store.menu.get().map(|at| open(store, at).view())
}

fn open(store: Store, at: MenuAt) -> El {
    let (title, items) = untrack(|| match &at.of {
        MenuOf::Session(line) => (words().menu_of(&rail::shown_title(line)), of_session(store, line)),
        MenuOf::Group(group) => (words().group_menu(&group.name), of_group(store, group)),
    });
    let node = Ref::new();
    once_drawn(node, move |node| place(&node, &at));
    dialog()
        .class("menu")
        .node_ref(node)
        .attr("aria-label", title.clone())
        .on(ev::close, move |_| {
            store.dispatch(Command::ShowMenu(None));
            rail::keyboard::restore();
        })
        .on(ev::click, move |event| {
            // A press beside the menu is a press on the dialog itself.
            if event.target() == event.current_target() {
                shut(node);
            }
        })
        .on(ev::keydown, move |event| {
            let step = match event.key().as_str() {
                "ArrowDown" => 1,
                "ArrowUp" => -1,
                _ => return,
            };
            event.prevent_default();
            browser::move_focus("dialog.menu button", step);
        })
        .child(
            ul().attr("role", "menu")
                .attr("aria-label", title)
                .child(items.into_iter().map(|item| drawn(store, node, item).view()).collect::<Vec<_>>()),
        )
}

/// Opens it where there is room.
fn place(node: &HtmlElement, at: &MenuAt) {
    let Some(dialog) = node.dyn_ref::<HtmlDialogElement>() else { return };
    if dialog.open() || dialog.show_modal().is_err() {
        return;
    }
    let (width, height) = browser::window_size();
    let own = node.get_bounding_client_rect();
    let left = at.left.min(width - own.width() - 8.0).max(8.0);
    let top = at.top.min(height - own.height() - 8.0).max(8.0);
    let style = HtmlElement::style(node);
    let _ = style.set_property("--left", &format!("{}px", left as i64));
    let _ = style.set_property("--top", &format!("{}px", top as i64));
}

fn drawn(store: Store, menu: Ref, item: Item) -> El {
    match item {
        Item::Heading(text) => li().class("heading").attr("role", "presentation").child(text),
        Item::Act { label, chosen, color, command } => li().attr("role", "presentation").child(
            button()
                .plain()
                .attr("role", if chosen.is_some() { "menuitemradio" } else { "menuitem" })
                .attr("aria-checked", chosen.map(|chosen| chosen.to_string()))
                .on(ev::click, move |_| {
                    shut(menu);
                    store.dispatch(command.clone());
                })
                .child((
                    span().class("sign").child((chosen == Some(true)).then(|| icon(icon::CHECK))),
                    color.map(|color| rail::dot(&color)),
                    label,
                )),
        ),
    }
}

fn of_session(store: Store, line: &SessionLine) -> Vec<Item> {
    let has = |tag: &str| store.daemon.with(|daemon| daemon.has(tag));
    let id = || line.id.clone();
    let mut items = Vec::new();
    if line.archived {
        items.push(act(words().unarchive, Command::Unarchive(id())));
    } else if has("session_metadata") {
        items.push(act(words().rename, Command::Do(Some(Doing::Renaming(id())))));
    }
    if has("session_organization") && !line.archived {
        let label = if line.pinned { words().unpin } else { words().pin };
        items.push(act(label, Command::Pin(id(), !line.pinned)));
        items.push(Item::Heading(words().move_to_group));
        items.push(choice(words().no_group, line.group.is_none(), None, Command::Group(id(), None)));
        store.list.groups.with(|groups| {
            for group in groups {
                let chosen = line.group.as_ref() == Some(&group.id);
                let command = Command::Group(id(), Some(group.id.clone()));
                items.push(choice(&group.name, chosen, Some(&group.color), command));
            }
        });
        items.push(act(words().new_group, Command::Do(Some(Doing::Grouping(id())))));
    }
    if has("session_export") {
        items.push(Item::Heading(words().export_as));
        for format in ExportFormat::ALL {
            items.push(act(words().format(format), Command::Export(Box::new(line.clone()), format)));
        }
    }
    items.push(Item::Heading(words().put_away));
    if has("session_archive") && !line.archived {
        items.push(act(words().archive, Command::Archive(id())));
    }
    if !line.archived && line.state != SessionState::Failed {
        items.push(act(words().close, Command::Do(Some(Doing::Closing(id())))));
    }
    items.push(act(words().delete_dots, Command::Do(Some(Doing::Deleting(id())))));
    items
}

fn of_group(store: Store, group: &roost_core::client::Group) -> Vec<Item> {
    let mut items = vec![act(words().rename, Command::Do(Some(Doing::RenamingGroup(group.id.clone()))))];
    items.push(Item::Heading(words().color));
    for color in store.list.colors.get() {
        let change = GroupChange { color: Some(color.clone()), ..GroupChange::default() };
        let command = Command::ChangeGroup(group.id.clone(), change);
        items.push(choice(words().color_name(&color), group.color == color, Some(&color), command));
    }
    items.push(Item::Heading(words().put_away));
    items.push(act(words().delete_dots, Command::Do(Some(Doing::DeletingGroup(group.id.clone())))));
    items
}
