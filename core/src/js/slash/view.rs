//! Routes, commands and menus as plain objects.

use serde::Serialize;

use crate::{
    js::utf16,
    slash::{self, Category, ChipState, Edit, Enter, Executor, Group, Line, Route, RowKind},
};

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(super) enum RouteView<'a> {
    Nothing,
    Perform {
        command: &'a str,
        args: &'a str,
        by: &'static str,
    },
    Forward {
        text: &'a str,
    },
    Prompt {
        text: &'a str,
    },
    Shell {
        command: &'a str,
    },
    Unknown {
        text: &'a str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        nearest: Option<String>,
    },
}

impl<'a> RouteView<'a> {
    pub(super) fn of(palette: &'a slash::Palette, text: &'a str) -> Self {
        match palette.route(text) {
            Route::Nothing => Self::Nothing,
            Route::Perform { action, args } => {
                // An action is known to JavaScript by the name of its command, whichever alias was typed.
                let typed = Line::parse(text.trim()).map_or("", |line| line.name);
                let command = palette.catalogue().find(typed).map_or(typed, |command| command.name.as_str());
                Self::Perform { command, args, by: by(action.executor()) }
            }
            Route::Forward { text } => Self::Forward { text },
            Route::Prompt { text } => Self::Prompt { text },
            Route::Shell { command } => Self::Shell { command },
            Route::Unknown { text, name, nearest } => Self::Unknown { text, name, nearest },
        }
    }
}

fn by(executor: Executor) -> &'static str {
    match executor {
        Executor::Page => "page",
        Executor::Daemon => "daemon",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommandView<'a> {
    name: &'a str,
    description: &'a str,
    aliases: &'a [String],
    category: &'static str,
    source_label: &'a str,
    advertised: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'static str>,
    destructive: bool,
}

impl<'a> From<&'a slash::Command> for CommandView<'a> {
    fn from(command: &'a slash::Command) -> Self {
        Self {
            name: &command.name,
            description: &command.description,
            aliases: &command.aliases,
            category: match command.category {
                Category::System => "system",
                Category::Custom => "custom",
                Category::Skill => "skill",
            },
            source_label: &command.source_label,
            advertised: command.advertised,
            by: command.action.map(|action| by(action.executor())),
            destructive: command.destructive,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RowView<'a> {
    kind: &'static str,
    group: &'static str,
    label: &'a str,
    marks: Vec<[usize; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    hint: &'a str,
    description: &'a str,
    source_label: &'a str,
    current: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<&'a str>,
}

impl<'a> From<&'a slash::Row> for RowView<'a> {
    fn from(row: &'a slash::Row) -> Self {
        Self {
            kind: match row.kind {
                RowKind::Command => "command",
                RowKind::Subcommand => "subcommand",
                RowKind::Value => "value",
            },
            group: match row.group {
                Group::Recent => "recent",
                Group::Commands => "commands",
                Group::Custom => "custom",
                Group::Skills => "skills",
                Group::Matches => "matches",
                Group::Arguments => "arguments",
            },
            label: &row.label,
            marks: row.marks.iter().map(|mark| utf16::range(&row.label, mark)).collect(),
            alias: row.alias.as_deref(),
            hint: &row.hint,
            description: &row.description,
            source_label: &row.source_label,
            current: row.current,
            unavailable: row.unavailable.as_deref(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ChipView<'a> {
    text: &'a str,
    required: bool,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

impl<'a> From<&'a slash::Chip> for ChipView<'a> {
    fn from(chip: &'a slash::Chip) -> Self {
        let state = match chip.state {
            ChipState::Done => "done",
            ChipState::Current => "current",
            ChipState::Pending => "pending",
        };
        Self { text: &chip.text, required: chip.required, state, problem: chip.problem.as_deref() }
    }
}

#[derive(Serialize)]
pub(super) struct UnknownView<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<&'a str>,
}

impl<'a> From<&'a slash::NoSuchCommand> for UnknownView<'a> {
    fn from(unknown: &'a slash::NoSuchCommand) -> Self {
        Self { name: &unknown.name, nearest: unknown.nearest.as_deref() }
    }
}

#[derive(Serialize)]
pub(super) struct EditView<'a> {
    text: &'a str,
    caret: usize,
}

impl<'a> From<&'a Edit> for EditView<'a> {
    fn from(edit: &'a Edit) -> Self {
        Self { text: &edit.text, caret: utf16::from_bytes(&edit.text, edit.caret) }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(super) enum EnterView<'a> {
    Nothing,
    Run { line: &'a str },
    Complete { edit: EditView<'a> },
    NeedsArgument { edit: EditView<'a> },
    SendAsText,
    Unknown { unknown: UnknownView<'a> },
    Unavailable { reason: &'a str },
}

impl<'a> From<&'a Enter> for EnterView<'a> {
    fn from(enter: &'a Enter) -> Self {
        match enter {
            Enter::Nothing => Self::Nothing,
            Enter::Run { line } => Self::Run { line },
            Enter::Complete(edit) => Self::Complete { edit: edit.into() },
            Enter::NeedsArgument(edit) => Self::NeedsArgument { edit: edit.into() },
            Enter::SendAsText => Self::SendAsText,
            Enter::Unknown(unknown) => Self::Unknown { unknown: unknown.into() },
            Enter::Unavailable { reason } => Self::Unavailable { reason },
        }
    }
}
