//! The panels of a sheet: settings, permission rules, workspaces, the daemon's state.

mod daemon;
mod permissions;
mod settings;
mod workspaces;

pub(super) use daemon::daemon;
pub(super) use permissions::permissions;
pub(super) use settings::settings;
pub(super) use workspaces::workspaces;

use crate::leptos::{ev, prelude::*};
use roost_core::client::SettingScope;

use crate::{
    dom::{Content, El, Ref, button, fieldset, form, input, label, legend, p},
    store::Store,
    words::words,
};

/// What went wrong in the panel on screen.
fn wrong(store: Store) -> impl Content {
    move || store.panels.wrong.get().map(|what| p().class("wrong").attr("role", "alert").child(what))
}

/// Says that the daemon was asked, until what `is_here` is about has come.
fn reading(store: Store, is_here: impl Fn() -> bool + Send + 'static) -> impl Content {
    move || (!is_here() && store.panels.wrong.with(Option::is_none)).then(|| p().child(words().reading))
}

/// Where a change goes.
fn scopes(store: Store) -> El {
    let choice = |scope: SettingScope, name: &'static str| {
        label().child((
            input()
                .attr("type", "radio")
                .attr("name", "scope")
                .attr("checked", store.panels.scope.get_untracked() == scope)
                .on(ev::change, move |_| store.panels.scope.set(scope)),
            name,
        ))
    };
    fieldset().class("scopes").child((
        legend().child(words().scope),
        choice(SettingScope::Workspace, words().scope_workspace),
        choice(SettingScope::User, words().scope_user),
    ))
}

/// A line to write one more of something.
fn one_more(name: &'static str, label: &'static str, placeholder: &'static str, add: impl Fn(String) + 'static) -> El {
    let field = Ref::new();
    form()
        .class("one-more")
        .on(ev::submit, move |event| {
            event.prevent_default();
            if let Some(field) = field.get_untracked() {
                let text = crate::browser::value_of(&field).trim().to_owned();
                if !text.is_empty() {
                    crate::browser::empty(&field);
                    add(text);
                }
            }
        })
        .child((
            input()
                .class("rename")
                .attr("name", name)
                .attr("aria-label", label)
                .attr("placeholder", placeholder)
                .attr("autocomplete", "off")
                .attr("spellcheck", "false")
                .node_ref(field),
            button().attr("type", "submit").class("button").child(words().add),
        ))
}
