//! The rules of what an agent may do: what is denied, asked about, allowed, by scope.

use crate::leptos::ev;
use roost_core::client::RuleType;

use super::{one_more, reading, scopes, wrong};
use crate::{
    dom::{Content, El, button, code, div, h3, li, p, section, ul},
    parts::icon::{self, icon},
    store::{Command, Store},
    words::words,
};

pub(in crate::parts) fn permissions(store: Store) -> El {
    let is_here = move || store.panels.permissions.with(Option::is_some);
    let head = div().class("panel-head").child(scopes(store));
    div().class("inside").child((head, wrong(store), reading(store, is_here), move || {
        let known = store.panels.permissions.get()?;
        let scope = store.panels.scope.get();
        let scoped = known.of(scope);
        let lists: Vec<_> =
            RuleType::ALL.into_iter().map(|kind| rules(store, kind, scoped.rules.of(kind)).view()).collect();
        Some((
            (!known.is_trusted).then(|| p().class("wrong").child(words().untrusted)),
            p().child((words().kept_in, " ", code().child(scoped.path.clone()))),
            lists,
        ))
    }))
}

fn rules(store: Store, kind: RuleType, rules: &[String]) -> El {
    let (title, about) = words().rule_type(kind);
    let lines = rules.iter().enumerate().map(|(nth, rule)| {
        let mut rest = rules.to_vec();
        rest.remove(nth);
        li().child((
            code().child(rule.as_str()),
            button()
                .plain()
                .class("quiet")
                .attr("aria-label", words().remove_of(rule))
                .on(ev::click, move |_| store.dispatch(Command::SetRules(kind, rest.clone())))
                .child(icon(icon::CROSS)),
        ))
    });
    let lines: Vec<_> = lines.collect();
    let present = rules.to_vec();
    section().class("rules").child((
        h3().child(title),
        p().child(about),
        ul().attr("aria-label", title).child(lines),
        one_more("rule", words().add_rule(kind), words().rule_example, move |rule| {
            let mut all = present.clone();
            if !all.contains(&rule) {
                all.push(rule);
            }
            store.dispatch(Command::SetRules(kind, all));
        }),
    ))
}
