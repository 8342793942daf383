//! The second stage: words behind a command's name.

use std::ops::Range;

use super::{Context, Group, Menu, Row, RowKind, menu::Stage, names::no_such_command};
use crate::slash::{
    Catalogue, Command, Hint, Line, Match, Subcommand,
    hint::{Slot, Then},
    rank::in_order,
    walk::Node as _,
};

pub(super) fn menu(catalogue: &Catalogue, text: &str, line: Line<'_>, caret: usize, context: &Context) -> Menu {
    let mut menu = Menu::closed(text, Stage::Arguments);
    let name_end = 1 + text[1..].len() - text[1..].trim_start().len() + line.name.len();
    let Some(command) = catalogue.find(line.name) else {
        menu.unknown = Some(no_such_command(catalogue, line.name));
        menu.replace = 0..name_end;
        return menu;
    };
    menu.name = Some(0..name_end);
    menu.unavailable = context.unavailable.get(&command.name).cloned();
    menu.then = Place::at(command, &text[name_end..]).then();
    if caret <= name_end || text.contains('\n') {
        return menu;
    }
    let place = Place::at(command, &text[name_end..caret]);
    menu.replace = word_at(text, caret);
    if text[caret..].trim().is_empty() && place.args.trim().is_empty() {
        menu.ghost = ghost(place.hint, place.subcommands, text);
    }
    menu.chips = place.hint.chips(place.args);
    menu.rows = place.rows(command, context);
    menu.selected = place.selected(&menu.rows);
    menu
}

/// The hint to show behind a line that has come exactly this far, with the space that is missing.
pub(super) fn ghost(hint: &Hint, subcommands: &[Subcommand], text: &str) -> String {
    let names: Vec<_> = subcommands.iter().map(Subcommand::name).collect();
    let hint = match hint.text() {
        "" if names.is_empty() => return String::new(),
        "" => format!("[{}]", names.join("|")),
        hint => hint.to_owned(),
    };
    if text.ends_with(char::is_whitespace) { hint } else { format!(" {hint}") }
}

/// What can follow a bare command.
pub(super) fn first_then(command: &Command) -> Then {
    match Place::at(command, "").then() {
        Then::Nothing if !command.takes_nothing() => Then::Optional,
        then => then,
    }
}

/// The word that touches the caret, or the empty place there.
fn word_at(text: &str, caret: usize) -> Range<usize> {
    let start = text[..caret]
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + text[space..].chars().next().map_or(0, char::len_utf8));
    let end = text[caret..].find(char::is_whitespace).map_or(text.len(), |space| caret + space);
    start..end
}

/// How deep the finished words lead into a command's tree. A subcommand that says nothing of what follows it is an
/// argument of the command: the command's hint goes on behind it.
struct Place<'c, 'a> {
    hint: &'c Hint,
    subcommands: &'c [Subcommand],
    /// What is typed behind the deepest subcommand.
    args: &'a str,
}

impl<'c, 'a> Place<'c, 'a> {
    fn at(command: &'c Command, args: &'a str) -> Self {
        let mut place = Self { hint: &command.hint, subcommands: &command.subcommands, args };
        loop {
            let trimmed = place.args.trim_start();
            let Some(end) = trimmed.find(char::is_whitespace) else { return place };
            let Some(next) = place.subcommands.iter().find(|next| next.name == trimmed[..end]) else { return place };
            if next.hint.is_empty() && next.subcommands.is_empty() && !place.hint.is_empty() {
                return Self { subcommands: &[], ..place };
            }
            place = Self { hint: &next.hint, subcommands: &next.subcommands, args: &trimmed[end..] };
        }
    }

    /// The word being typed.
    fn word(&self) -> &'a str {
        let start = self
            .args
            .rfind(char::is_whitespace)
            .map_or(0, |space| space + self.args[space..].chars().next().map_or(0, char::len_utf8));
        &self.args[start..]
    }

    /// What stands between the deepest subcommand and the word being typed.
    fn finished(&self) -> &'a str {
        &self.args[..self.args.len() - self.word().len()]
    }

    /// What can follow everything typed.
    fn then(&self) -> Then {
        let word = self.args.trim();
        match self.subcommands.iter().find(|next| next.name == word) {
            Some(next) => after(next, self.hint),
            None => self.hint.then(self.args),
        }
    }

    fn slot(&self) -> Option<&'c Slot> {
        self.hint.current(self.args)
    }

    fn rows(&self, command: &Command, context: &Context) -> Vec<Row> {
        let mut rows = Vec::new();
        if self.finished().trim().is_empty() {
            rows.extend(self.subcommands.iter().filter_map(|next| {
                let then = after(next, self.hint);
                self.row(RowKind::Subcommand, &next.name, &next.name, &next.description, then)
            }));
        }
        rows.extend(self.words(&rows));
        rows.extend(self.values(context));
        for row in &mut rows {
            row.destructive = command.destructive;
        }
        if !self.word().is_empty() {
            return in_order(rows, |row| row.class);
        }
        rows
    }

    /// The words the hint itself offers: of the current slot, or the flags once a dash is typed.
    fn words(&self, known: &[Row]) -> Vec<Row> {
        let flags = self.hint.slots().iter().filter(|slot| slot.is_flag());
        let slots: Vec<&Slot> =
            if self.word().starts_with('-') { flags.collect() } else { self.slot().into_iter().collect() };
        let new = |word: &str| !known.iter().any(|row| row.insert == word);
        slots
            .into_iter()
            .flat_map(|slot| &slot.choices)
            .filter(|choice| new(&choice.word))
            .filter_map(|choice| {
                self.row(RowKind::Value, &choice.word, &choice.word, "", self.then_after(&choice.word))
            })
            .collect()
    }

    fn values(&self, context: &Context) -> Vec<Row> {
        let kind = self.slot().and_then(|slot| slot.kind);
        let values = kind.and_then(|kind| context.values.get(&kind)).into_iter().flatten();
        values
            .filter_map(|value| {
                let label = if value.label.is_empty() { &value.text } else { &value.label };
                let then = self.then_after(&value.text);
                let row = self.row(RowKind::Value, label, &value.text, &value.description, then)?;
                Some(Row { current: value.current, ..row })
            })
            .collect()
    }

    fn then_after(&self, word: &str) -> Then {
        self.hint.then(&format!("{}{word}", self.finished()))
    }

    /// A row, when it answers the word being typed.
    fn row(&self, kind: RowKind, label: &str, insert: &str, description: &str, then: Then) -> Option<Row> {
        let word = self.word();
        let aliases = if label == insert { Vec::new() } else { vec![insert.to_owned()] };
        let found = Match::of(word, label, &aliases, description);
        if found.is_none() && !word.is_empty() {
            return None;
        }
        let class = found.as_ref().map(|found| found.class);
        Some(Row {
            kind,
            group: Group::Arguments,
            label: label.to_owned(),
            marks: found.map(|found| found.marks).unwrap_or_default(),
            alias: None,
            hint: String::new(),
            description: description.to_owned(),
            source_label: String::new(),
            current: false,
            unavailable: None,
            insert: insert.to_owned(),
            class,
            typed: word == insert,
            then,
            destructive: false,
        })
    }

    /// No row is selected where the line is complete without one, or where any other text is as good.
    fn selected(&self, rows: &[Row]) -> Option<usize> {
        let slot = self.slot();
        let only_words = rows.iter().all(|row| row.kind == RowKind::Value);
        let select = match self.word() {
            "" => slot.is_some_and(|slot| slot.required),
            word if word.starts_with('-') => true,
            _ if only_words && slot.is_some_and(|slot| slot.free && slot.kind.is_none()) => {
                rows.first().is_some_and(|row| row.typed)
            }
            _ => true,
        };
        (select && !rows.is_empty()).then_some(0)
    }
}

/// What can follow subcommand `next` of a command with hint `outer`.
fn after(next: &Subcommand, outer: &Hint) -> Then {
    if !next.hint.is_empty() {
        next.hint.then("")
    } else if next.subcommands.is_empty() {
        outer.then_behind_first()
    } else {
        Then::Optional
    }
}
