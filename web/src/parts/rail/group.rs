//! A group of sessions: its head, which folds it, and its rows. Like a row it stays the same one whatever becomes of it.

use crate::leptos::ev;
use roost_core::client::{Group, GroupChange};

use super::{Section, lines_of, row::list};
use crate::{
    dom::{Content, El, button, div, span},
    parts::{icon, menu::menu_button, name_field::name_field, sure::sure},
    store::{Command, Derived, Doing, MenuOf, SessionLine, Store, derived},
    words::words,
};

pub(super) fn group(store: Store, groups: Derived<Vec<Group>>, first: Group) -> El {
    let id = first.id.clone();
    let lines = lines_of(store, Section::Group(id.clone()));
    // A group that is about to go shows what it showed last.
    let now = derived(move || {
        let found = groups.with(|groups| groups.iter().find(|group| group.id == first.id).cloned());
        found.unwrap_or_else(|| first.clone())
    });
    let (shown, of) = (id.clone(), id.clone());
    let open = derived(move || !store.is_folded(&shown));
    let doing = derived(move || store.doing.with(|doing| doing.clone().filter(|doing| doing.group() == Some(&of))));
    let head = move || match doing.get() {
        Some(Doing::RenamingGroup(id)) => {
            let named = move |name: String| {
                Command::ChangeGroup(id.clone(), GroupChange { name: Some(name), ..GroupChange::default() })
            };
            name_field(store, words().group_name, &now.with_untracked(|group| group.name.clone()), named).view()
        }
        Some(Doing::DeletingGroup(id)) => {
            sure(store, words().delete_group_sure, words().delete, Command::DeleteGroup(id)).view()
        }
        Some(Doing::Renaming(_) | Doing::Closing(_) | Doing::Deleting(_) | Doing::Grouping(_) | Doing::Removing(_))
        | None => head(store, now, open, lines).view(),
    };
    let name = move || now.with(|group| group.name.clone());
    div().attr("data-group", id).child((head, move || open.get().then(|| list(store, name, lines))))
}

fn head(store: Store, now: Derived<Group>, open: Derived<bool>, lines: Derived<Vec<SessionLine>>) -> impl Content {
    div().class("rail-group group-head").child((
        button()
            .plain()
            .class("fold")
            .attr("aria-expanded", move || open.get().to_string())
            .on(ev::click, move |_| store.dispatch(Command::FoldGroup(now.with_untracked(|group| group.id.clone()))))
            .child((icon::classed("icon chevron", icon::CHEVRON), move || {
                let group = now.get();
                (
                    dot(&group.color),
                    span().class("name").child(group.name),
                    span().class("when").child(lines.with(Vec::len).to_string()),
                )
            })),
        menu_button(
            store,
            move || now.with(|group| words().group_menu(&group.name)),
            move || MenuOf::Group(now.get_untracked()),
        ),
    ))
}

/// The color of a group, as a shape beside its name.
pub(in crate::parts) fn dot(color: &str) -> El {
    span().class("dot").attr("data-color", color.to_owned()).attr("aria-hidden", "true")
}
