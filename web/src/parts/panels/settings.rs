//! Every setting that the daemon shows, by category, each with the control of its type.

use crate::leptos::{ev, prelude::*};
use roost_core::{
    case::folded,
    client::{Setting, SettingScope},
};
use serde_json::Value;

use super::{reading, scopes, wrong};
use crate::{
    dom::{Content, El, code, div, each, h3, input, option, p, section, select, span},
    store::{Command, Own, Store, derived},
    words::words,
};

pub(in crate::parts) fn settings(store: Store) -> El {
    let search = Own::new(String::new());
    let sought = search.clone();
    let shown = derived(move || {
        let text = sought.get();
        let matches = |row: &Setting| {
            text.is_empty() || [&row.key, &row.label, &row.description].iter().any(|it| folded(it).contains(&text))
        };
        let all = store.panels.settings.get().unwrap_or_default();
        all.into_iter().filter(matches).collect::<Vec<_>>()
    });
    let categories = derived(move || {
        let mut names: Vec<String> = Vec::new();
        shown.with(|rows| {
            for row in rows {
                if !names.contains(&row.category) {
                    names.push(row.category.clone());
                }
            }
        });
        names
    });
    div().class("inside").child((
        div().class("panel-head").child((
            scopes(store),
            input()
                .class("rename")
                .attr("type", "search")
                .attr("aria-label", words().find_setting)
                .attr("placeholder", words().find_setting)
                .on(ev::input, move |event| search.set(folded(&event_target_value(&event)))),
        )),
        wrong(store),
        reading(store, move || store.panels.settings.with(Option::is_some)),
        each(
            move || categories.get(),
            Clone::clone,
            move |category| {
                let name = category.clone();
                let rows = move || {
                    let scope = store.panels.scope.get();
                    let of_category = |row: &Setting| row.category == category;
                    let refused = store.panels.refused.get();
                    let times = |row: &Setting| if row.key == refused.0 { refused.1 } else { 0 };
                    let rows = shown.get().into_iter().filter(of_category);
                    rows.map(|row| (times(&row), row, scope)).collect::<Vec<_>>()
                };
                section()
                    .child((
                        h3().child(name),
                        each(
                            rows,
                            |(refused, row, scope)| key(*refused, row, *scope),
                            move |(_, row, scope)| setting(store, row, scope).view(),
                        ),
                    ))
                    .view()
            },
        ),
    ))
}

/// All that a row shows: another one is another row.
fn key(refused: usize, row: &Setting, scope: SettingScope) -> String {
    format!("{} {refused} {} {} {}", row.key, scope.as_str(), row.values.of(scope), row.values.effective)
}

fn setting(store: Store, row: Setting, scope: SettingScope) -> El {
    let own = !row.values.of(scope).is_null();
    let about = row.description.clone();
    div().class("setting").attr("data-key", row.key.clone()).child((
        div().class("what").child((
            span().class("name").child(row.label.clone()),
            own.then(|| span().class("chip").child(words().set_here)),
            row.requires_restart.then(|| span().class("chip").child(words().needs_restart)),
            (!about.is_empty()).then(|| p().child(about)),
            code().child(row.key.clone()),
        )),
        control(store, row, scope),
    ))
}

fn control(store: Store, row: Setting, scope: SettingScope) -> El {
    let own = row.values.of(scope);
    let value = if own.is_null() { row.values.effective.clone() } else { own.clone() };
    let (key, label) = (row.key, row.label);
    let write = move |value: Value| store.dispatch(Command::SetSetting(key.clone(), value));
    match row.kind.as_str() {
        "boolean" => input()
            .attr("type", "checkbox")
            .attr("aria-label", label)
            .attr("checked", value == Value::Bool(true))
            .on(ev::change, move |event| write(Value::Bool(event_target_checked(&event)))),
        "enum" => {
            let options: Vec<(Value, String)> = row.options.iter().map(choice).collect();
            let values: Vec<Value> = options.iter().map(|(value, _)| value.clone()).collect();
            let drawn = options.into_iter().enumerate().map(|(nth, (one, name))| {
                option().attr("value", nth.to_string()).attr("selected", one == value).child(name)
            });
            select()
                .attr("aria-label", label)
                .on(ev::change, move |event| {
                    let chosen = event_target_value(&event).parse().ok();
                    if let Some(value) = chosen.and_then(|nth: usize| values.get(nth)) {
                        write(value.clone());
                    }
                })
                .child(drawn.collect::<Vec<_>>())
        }
        "number" | "integer" => input()
            .attr("type", "number")
            .attr("step", "any")
            .attr("aria-label", label)
            .attr("value", plain(&value))
            .on(ev::change, move |event| {
                // What is no number is the daemon's to refuse, with its reason.
                let text = event_target_value(&event);
                write(text.parse().unwrap_or(Value::String(text)));
            }),
        "string" => input()
            .attr("type", "text")
            .attr("aria-label", label)
            .attr("value", plain(&value))
            .on(ev::change, move |event| write(Value::String(event_target_value(&event)))),
        // Composed of several values: shown, and changed in its file.
        _ => code().class("composed").child(plain(&value)),
    }
}

/// A value of an enum and what it is called.
fn choice(option: &Value) -> (Value, String) {
    let value = option.get("value").unwrap_or(option);
    let name = option.get("label").unwrap_or(value);
    (value.clone(), plain(name))
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
