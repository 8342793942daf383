//! The first stage: `/` and a part of a name.

use super::{
    Context, Group, Menu, NoSuchCommand, Row, RowKind,
    arguments::{first_then, ghost},
    menu::Stage,
};
use crate::slash::{Catalogue, Category, Class, Command, Match, rank::in_order};

/// Most recent commands shown above an empty query.
const MAX_RECENT: usize = 5;

pub(super) fn menu(catalogue: &Catalogue, text: &str, context: &Context) -> Menu {
    let query = &text[1..];
    let mut menu = Menu::closed(text, Stage::Name);
    menu.rows = if query.is_empty() { everything(catalogue, context) } else { matches(catalogue, query, context) };
    menu.selected = (!menu.rows.is_empty()).then_some(0);
    if let Some(command) = catalogue.find(query) {
        menu.name = Some(0..text.len());
        menu.ghost = ghost(&command.hint, &command.subcommands, text);
        menu.chips = command.hint.chips("");
    }
    if menu.rows.is_empty() {
        menu.unknown = Some(no_such_command(catalogue, query));
    }
    menu
}

pub(super) fn no_such_command(catalogue: &Catalogue, name: &str) -> NoSuchCommand {
    NoSuchCommand { name: name.to_owned(), nearest: catalogue.nearest(name).map(|command| command.name.clone()) }
}

/// The commands that answer `query`, best first: a total order, since no two have one name.
pub(super) fn ranked<'c>(catalogue: &'c Catalogue, query: &str, recent: &[String]) -> Vec<(&'c Command, Match)> {
    let answer = |command: &'c Command| {
        Some((command, Match::of(query, &command.name, &command.aliases, &command.description)?))
    };
    in_order(catalogue.commands().iter().filter_map(answer), |(command, found)| {
        let used = recent.iter().position(|name| *name == command.name).unwrap_or(usize::MAX);
        (found.class, !found.same_case, command.category, command.name.chars().count(), used, command.name.clone())
    })
}

fn matches(catalogue: &Catalogue, query: &str, context: &Context) -> Vec<Row> {
    let row = |(command, found)| row(command, Some(found), Group::Matches, context);
    ranked(catalogue, query, &context.recent).into_iter().map(row).collect()
}

/// Without a query: what was used lately, then the rest by category.
fn everything(catalogue: &Catalogue, context: &Context) -> Vec<Row> {
    let mut recent: Vec<&Command> = Vec::new();
    for command in context.recent.iter().filter_map(|name| catalogue.find(name)) {
        if recent.len() < MAX_RECENT && !recent.iter().any(|known| known.name == command.name) {
            recent.push(command);
        }
    }
    let of = |category: Category| catalogue.commands().iter().filter(move |command| command.category == category);
    let is_recent = |command: &Command| recent.iter().any(|known| known.name == command.name);
    let groups =
        [(Group::Commands, Category::System), (Group::Custom, Category::Custom), (Group::Skills, Category::Skill)];
    let rest = groups.into_iter().flat_map(|(group, category)| of(category).map(move |command| (group, command)));
    let listed = recent.iter().map(|command| (Group::Recent, *command));
    listed
        .chain(rest.filter(|(_, command)| !is_recent(command)))
        .map(|(group, command)| row(command, None, group, context))
        .collect()
}

fn row(command: &Command, found: Option<Match>, group: Group, context: &Context) -> Row {
    let class = found.as_ref().map(|found| found.class);
    let (alias, marks) = found.map(|found| (found.alias, found.marks)).unwrap_or_default();
    Row {
        kind: RowKind::Command,
        group,
        label: format!("/{}", command.name),
        marks: marks.into_iter().map(|mark| mark.start + 1..mark.end + 1).collect(),
        alias,
        hint: command.hint.text().to_owned(),
        description: command.description.clone(),
        source_label: command.source_label.clone(),
        current: false,
        unavailable: context.unavailable.get(&command.name).cloned(),
        insert: format!("/{}", command.name),
        class,
        typed: matches!(class, Some(Class::ExactName | Class::ExactAlias)),
        then: first_then(command),
        destructive: command.destructive,
    }
}
