//! Slash commands: routing and the palette.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use wasm_bindgen::prelude::*;

use super::{plain, read, utf16};
use crate::slash::{
    self, Action, Advertised, Catalogue, Category, ChipState, Context, Edit, Enter, Executor, Group, Line, Route,
    RowKind, Value, ValueKind,
};

/// The commands of a page: its own, and those the session's agent advertises.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Palette(slash::Palette);

/// What to offer for one state of the composer.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Menu {
    menu: slash::Menu,
    text: String,
}

#[wasm_bindgen]
impl Palette {
    /// `announcement` is an `available_commands_update` or the answer of `supported-commands`. `performs` names the commands that
    /// the page performs itself; it is asked for nothing else.
    ///
    /// # Errors
    /// When an argument has another shape.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "Announcement")] announcement: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "string[]")] performs: JsValue,
    ) -> Result<Self, JsError> {
        let announcement: Option<Json> = read(announcement)?;
        let performs: Option<Vec<String>> = read(performs)?;
        let own = Catalogue::new(|_| true, []);
        let named = performs.iter().flatten().filter_map(|name| own.find(name)?.action);
        let performed: Vec<Action> = named.collect();
        let advertised = Advertised::read(&announcement.unwrap_or_default()).commands;
        Ok(Self(slash::Palette::new(Catalogue::new(|action| performed.contains(&action), advertised))))
    }

    /// Who answers a text from the composer.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "Route")]
    pub fn route(&self, text: &str) -> Result<JsValue, JsError> {
        plain(&RouteView::of(&self.0, text))
    }

    /// What to offer for `text` with the caret at `caret` (its end when left out).
    ///
    /// # Errors
    /// When `context` has another shape.
    pub fn suggest(
        &self,
        text: &str,
        caret: Option<u32>,
        #[wasm_bindgen(unchecked_optional_param_type = "PaletteContext")] context: JsValue,
    ) -> Result<Menu, JsError> {
        let context: Option<ContextInput> = read(context)?;
        let caret = caret.and_then(|caret| usize::try_from(caret).ok()).unwrap_or(usize::MAX);
        let menu = self.0.suggest(text, utf16::to_bytes(text, caret), &context.unwrap_or_default().into());
        Ok(Menu { menu, text: text.to_owned() })
    }

    /// `text` as a prompt that runs no command.
    #[wasm_bindgen(js_name = asPlainText)]
    #[must_use]
    pub fn as_plain_text(&self, text: &str) -> String {
        self.0.as_plain_text(text)
    }

    /// Every command, in the order of an empty palette.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "Command[]")]
    pub fn commands(&self) -> Result<JsValue, JsError> {
        plain(&self.0.catalogue().commands().iter().map(CommandView::from).collect::<Vec<_>>())
    }
}

#[wasm_bindgen]
impl Menu {
    /// Best first; empty when there is nothing to offer.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(getter, unchecked_return_type = "MenuRow[]")]
    pub fn rows(&self) -> Result<JsValue, JsError> {
        plain(&self.menu.rows.iter().map(RowView::from).collect::<Vec<_>>())
    }

    /// The row that is selected until an arrow or a moving pointer chooses another.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn selected(&self) -> Option<usize> {
        self.menu.selected
    }

    /// The argument hint to show behind the text.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn ghost(&self) -> String {
        self.menu.ghost.clone()
    }

    /// The arguments of the command being typed.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(getter, unchecked_return_type = "Chip[]")]
    pub fn chips(&self) -> Result<JsValue, JsError> {
        plain(&self.menu.chips.iter().map(ChipView::from).collect::<Vec<_>>())
    }

    /// Where a known command's name stands in the text, slash included.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(getter, unchecked_return_type = "[number, number] | undefined")]
    pub fn name(&self) -> Result<JsValue, JsError> {
        let range = self.menu.name.as_ref().map(|range| utf16::range(&self.text, range));
        range.map_or(Ok(JsValue::UNDEFINED), |range| plain(&range))
    }

    /// The command nobody knows, and what may have been meant.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(getter, unchecked_return_type = "{ name: string; nearest?: string } | undefined")]
    pub fn unknown(&self) -> Result<JsValue, JsError> {
        let unknown = self.menu.unknown.as_ref().map(UnknownView::from);
        unknown.map_or(Ok(JsValue::UNDEFINED), |unknown| plain(&unknown))
    }

    /// What Enter does, with the row that an arrow or the pointer chose, if any.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "Enter")]
    pub fn enter(&self, chosen: Option<usize>) -> Result<JsValue, JsError> {
        plain(&EnterView::from(&self.menu.enter(chosen)))
    }

    /// What Tab writes; `undefined` when there is nothing to complete.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "Edit | undefined")]
    pub fn tab(&self, chosen: Option<usize>) -> Result<JsValue, JsError> {
        self.menu.tab(chosen).map_or(Ok(JsValue::UNDEFINED), |edit| plain(&EditView::from(&edit)))
    }

    /// The composer with row `index` written into it; `undefined` for a row that is not there.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "Edit | undefined")]
    pub fn accept(&self, index: usize) -> Result<JsValue, JsError> {
        self.menu.accept(index).map_or(Ok(JsValue::UNDEFINED), |edit| plain(&EditView::from(&edit)))
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum RouteView<'a> {
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
    fn of(palette: &'a slash::Palette, text: &'a str) -> Self {
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
struct CommandView<'a> {
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
struct RowView<'a> {
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
struct ChipView<'a> {
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
struct UnknownView<'a> {
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
struct EditView<'a> {
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
enum EnterView<'a> {
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

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContextInput {
    recent: Vec<String>,
    values: BTreeMap<Kind, Vec<ValueInput>>,
    unavailable: BTreeMap<String, String>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Model,
    Mode,
    Session,
    Skill,
    McpServer,
    File,
}

#[derive(Deserialize)]
struct ValueInput {
    text: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    current: bool,
}

impl From<ContextInput> for Context {
    fn from(input: ContextInput) -> Self {
        let value = |ValueInput { text, label, description, current }| Value { text, label, description, current };
        let values = input.values.into_iter();
        Self {
            recent: input.recent,
            values: values.map(|(kind, list)| (kind.into(), list.into_iter().map(value).collect())).collect(),
            unavailable: input.unavailable,
        }
    }
}

impl From<Kind> for ValueKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Model => Self::Model,
            Kind::Mode => Self::Mode,
            Kind::Session => Self::Session,
            Kind::Skill => Self::Skill,
            Kind::McpServer => Self::McpServer,
            Kind::File => Self::File,
        }
    }
}
