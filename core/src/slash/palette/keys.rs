//! What Enter and Tab mean on a menu. Arrows, Escape and the pointer are the page's: they only move a selection.

use super::{Edit, Menu, NoSuchCommand, Row, RowKind, menu::Stage};
use crate::slash::{Class, hint::Then};

/// What Enter does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enter {
    /// Nothing: there is no text.
    Nothing,
    /// Run this command line, see [`super::Palette::route`], and empty the composer.
    Run { line: String },
    /// Write the choice into the composer; more may follow.
    Complete(Edit),
    /// Write the choice into the composer; more has to follow.
    NeedsArgument(Edit),
    /// Submit the text as it stands, see [`super::Palette::route`].
    SendAsText,
    /// Say that there is no such command.
    Unknown(NoSuchCommand),
    /// Say why it cannot run now.
    Unavailable { reason: String },
}

/// What a row says at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnEnter {
    Run,
    Choose,
}

impl Menu {
    /// Enter, with the row that an arrow or the pointer `chose`, if any.
    ///
    /// A destructive command runs only when its whole name is typed or its row is chosen by hand.
    #[must_use]
    pub fn enter(&self, chosen: Option<usize>) -> Enter {
        match self.stage {
            Stage::Blank => return Enter::Nothing,
            Stage::Text => return Enter::SendAsText,
            Stage::Name | Stage::Arguments => {}
        }
        let chosen = chosen.filter(|index| *index < self.rows.len());
        match chosen.or(self.selected).and_then(|index| self.rows.get(index)) {
            Some(row) => self.enter_row(row, chosen.is_some()),
            None => self.enter_as_typed(),
        }
    }

    /// What row `index` says at its end, while `chosen` is the row chosen by hand.
    #[must_use]
    pub fn on_enter(&self, index: usize, chosen: Option<usize>) -> OnEnter {
        let is_selected = chosen.or(self.selected) == Some(index);
        let enter = self.enter(if is_selected { chosen } else { Some(index) });
        if matches!(enter, Enter::Run { .. }) { OnEnter::Run } else { OnEnter::Choose }
    }

    /// Tab completes and never runs: what all names that start like the text share, or else the row.
    /// `None` when there is nothing to complete, so that Tab can leave the composer.
    #[must_use]
    pub fn tab(&self, chosen: Option<usize>) -> Option<Edit> {
        let edit = match (chosen, &self.unknown) {
            (Some(index), _) => self.accept(index),
            (None, Some(unknown)) => self.nearest(unknown),
            (None, None) if self.rows.is_empty() => self.on_tab.clone(),
            (None, None) => self.shared().or_else(|| self.accept(self.selected.unwrap_or(0))),
        };
        edit.filter(|edit| edit.text != self.text)
    }

    fn enter_row(&self, row: &Row, by_hand: bool) -> Enter {
        if let Some(reason) = row.unavailable.as_ref().or(self.unavailable.as_ref()) {
            return Enter::Unavailable { reason: reason.clone() };
        }
        let edit = self.write(&row.insert, true);
        match row.then {
            Then::Required => Enter::NeedsArgument(edit),
            Then::Optional if !row.typed => Enter::Complete(edit),
            Then::Nothing if !row.typed && !by_hand && !self.may_guess(row) => Enter::Complete(edit),
            Then::Optional | Then::Nothing => Enter::Run { line: edit.text.trim_end().to_owned() },
        }
    }

    /// Whether the best guess may run: never without a query, and a value only when it alone starts like what was typed.
    fn may_guess(&self, row: &Row) -> bool {
        !row.destructive
            && match row.kind {
                RowKind::Command => row.class.is_some_and(|class| class < Class::Description),
                RowKind::Subcommand | RowKind::Value => {
                    self.rows.len() == 1 && row.class.is_some_and(|class| class <= Class::AliasPrefix)
                }
            }
    }

    fn enter_as_typed(&self) -> Enter {
        if let Some(unknown) = &self.unknown {
            return self.nearest(unknown).map_or_else(|| Enter::Unknown(unknown.clone()), Enter::Complete);
        }
        if let Some(reason) = &self.unavailable {
            return Enter::Unavailable { reason: reason.clone() };
        }
        let line = self.text.trim_end();
        match self.then {
            Then::Required => Enter::NeedsArgument(Edit::at_end(format!("{line} "))),
            Then::Optional | Then::Nothing => Enter::Run { line: line.to_owned() },
        }
    }

    /// The line with the unknown name mended.
    fn nearest(&self, unknown: &NoSuchCommand) -> Option<Edit> {
        unknown.nearest.as_ref().map(|name| self.write(&format!("/{name}"), true))
    }

    /// The longest start shared by all rows that start like the text, when it is longer than the text.
    fn shared(&self) -> Option<Edit> {
        let starts = |row: &&Row| matches!(row.class, Some(Class::ExactName | Class::NamePrefix));
        let mut words = self.rows.iter().filter(starts).map(|row| row.insert.as_str());
        let typed = &self.text[self.replace.clone()];
        let (first, second) = (words.next()?, words.next()?);
        let shared = words.fold(shared_start(first, second), shared_start);
        (shared.len() > typed.len()).then(|| self.write(shared, false))
    }
}

fn shared_start<'a>(a: &'a str, b: &str) -> &'a str {
    let end = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y).map(|((at, _), _)| at);
    &a[..end.unwrap_or(a.len().min(b.len()))]
}
