//! The composer: its text, its palette, its history. Ranking, hints and what a key means are `core::slash`'s; here is only the state.

use std::{collections::BTreeMap, sync::Arc};

use crate::leptos::prelude::*;
use roost_core::slash::{Context, Edit, Enter, Menu, Value, ValueKind};
use wasm_bindgen::JsCast;
use web_sys::HtmlTextAreaElement;

use super::{Choice, Command, Control, MentionView, Picture, SessionLine, Store, live::Live};
use crate::{
    browser::{self, kept::Shelf},
    words::words,
};

/// Id of the text box.
pub(crate) const PROMPT: &str = "prompt";
const RECENT: &str = "roost.recent-commands";
const HISTORY: &str = "roost.history";
const MOST_RECENT: usize = 5;
const MOST_REMEMBERED: usize = 100;

/// The palette as it stands open.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PaletteView {
    pub(crate) menu: Arc<Menu>,
    /// The row that an arrow or a moving pointer chose.
    pub(crate) chosen: Option<usize>,
}

impl PaletteView {
    /// The row that Enter is about.
    pub(crate) fn selected(&self) -> Option<usize> {
        self.chosen.or(self.menu.selected)
    }
}

/// The composer's part of the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Composer {
    /// What the text box holds.
    pub(crate) shown: Live<String>,
    /// What goes along with it.
    pub(crate) pictures: Live<Vec<Picture>>,
    pub(crate) palette: Live<Option<PaletteView>>,
    pub(crate) mention: Live<Option<MentionView>>,
    /// Which choice stands open.
    pub(crate) picker: Live<Option<Control>>,
    /// The line of it that Enter is about.
    pub(crate) picked: Live<usize>,
    /// Escape was pressed once; pressed again it stops the turn.
    pub(crate) stop_asked: Live<bool>,
    pub(super) edits: Live<u64>,
    recalled: Live<Option<Recalled>>,
}

/// A line from the history, and what was being written before.
#[derive(Clone, Debug)]
struct Recalled {
    nth: usize,
    draft: String,
}

impl Composer {
    pub(super) fn new() -> Self {
        Self {
            shown: Live::default(),
            pictures: Live::default(),
            palette: Live::new(None),
            mention: Live::new(None),
            picker: Live::new(None),
            picked: Live::new(0),
            stop_asked: Live::new(false),
            edits: Live::new(0),
            recalled: Live::new(None),
        }
    }

    pub(crate) fn text(self) -> String {
        self.shown.get_untracked()
    }

    /// Nothing has been written.
    pub(crate) fn is_blank(self) -> bool {
        self.shown.with_untracked(|text| text.trim().is_empty())
    }

    pub(super) fn put(self, text: &str) {
        self.put_at(text, text.len());
        self.palette.set_if_new(None);
        self.mention.set_if_new(None);
        self.recalled.set(None);
    }

    pub(super) fn pick(self, control: Control) {
        self.picker.set(Some(control));
    }

    /// Writes `text` into the box, with the caret behind its first `caret` bytes.
    pub(super) fn put_at(self, text: &str, caret: usize) {
        self.shown.set_if_new(text.to_owned());
        if let Some(field) = field() {
            if field.value() != text {
                field.set_value(text);
            }
            let caret = text[..text.floor_char_boundary(caret)].encode_utf16().count() as u32;
            let _ = field.set_selection_range(caret, caret);
            fit(&field);
        }
    }

    pub(super) fn remember(self, text: &str) {
        let mut history = history();
        history.retain(|line| line != text && !line.is_empty());
        if !text.is_empty() {
            history.insert(0, text.to_owned());
        }
        history.truncate(MOST_REMEMBERED);
        Shelf::Device.set(HISTORY, &serde_json::Value::from(history).to_string());
    }
}

fn field() -> Option<HtmlTextAreaElement> {
    browser::element(PROMPT)?.dyn_into().ok()
}

/// Grows the box with its text, for browsers that do not do it by themselves.
fn fit(field: &HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(field);
    if style.get_property_value("field-sizing").is_ok_and(|_| supports_field_sizing()) {
        return;
    }
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", field.scroll_height()));
}

fn supports_field_sizing() -> bool {
    thread_local! {
        static SUPPORTED: bool = browser::document().document_element().is_some_and(|root| {
            let style = root.dyn_ref::<web_sys::HtmlElement>().map(web_sys::HtmlElement::style);
            style.is_some_and(|style| js_sys::Reflect::has(&style, &"fieldSizing".into()).unwrap_or(false))
        });
    }
    SUPPORTED.with(|it| *it)
}

/// The caret, in bytes of `text`.
fn caret(field: &HtmlTextAreaElement, text: &str) -> usize {
    let units = field.selection_start().ok().flatten().unwrap_or(u32::MAX) as usize;
    let mut seen = 0;
    for (at, sign) in text.char_indices() {
        if seen >= units {
            return at;
        }
        seen += sign.len_utf16();
    }
    text.len()
}

fn history() -> Vec<String> {
    let kept = Shelf::Device.get(HISTORY).and_then(|json| json.parse::<serde_json::Value>().ok()).unwrap_or_default();
    kept.as_array().into_iter().flatten().filter_map(|line| line.as_str().map(ToOwned::to_owned)).collect()
}

fn recent() -> Vec<String> {
    Shelf::Device.get(RECENT).map(|names| names.split(' ').map(ToOwned::to_owned).collect()).unwrap_or_default()
}

fn note_recent(line: &str) {
    let Some(name) = line.strip_prefix('/').and_then(|rest| rest.split_whitespace().next()) else { return };
    let mut names = recent();
    names.retain(|known| known != name);
    names.insert(0, name.to_owned());
    names.truncate(MOST_RECENT);
    Shelf::Device.set(RECENT, &names.join(" "));
}

impl Store {
    /// The text box was typed into.
    pub(crate) fn typed(self) {
        let Some(field) = field() else { return };
        let text = field.value();
        fit(&field);
        self.composer.stop_asked.set_if_new(false);
        self.composer.recalled.set(None);
        let at = caret(&field, &text);
        self.composer.shown.set_if_new(text.clone());
        self.open_palette(&text, at);
        self.open_mention(&text, at);
        self.keep_draft_soon();
    }

    /// Opens what belongs to where the caret stands now.
    pub(super) fn look_at_caret(self) {
        if let Some(field) = field() {
            let text = field.value();
            self.open_mention(&text, caret(&field, &text));
        }
    }

    /// What the text box held before this page was there, in front of the keyboard again.
    pub(crate) fn adopt(self, early: &str) {
        let draft = self.draft_of(self.here().as_ref());
        let text =
            if draft.is_empty() || early.is_empty() { format!("{draft}{early}") } else { format!("{draft}\n{early}") };
        self.composer.put(&text);
    }

    fn open_palette(self, text: &str, caret: usize) {
        if !text.starts_with('/') {
            return self.composer.palette.set_if_new(None);
        }
        let context = self.palette_context();
        let menu = self.talk.palette.with_untracked(|palette| palette.suggest(text, caret, &context));
        let useful = menu.is_open() || !menu.ghost.is_empty() || !menu.chips.is_empty();
        self.composer.palette.set_if_new(useful.then(|| PaletteView { menu: Arc::new(menu), chosen: None }));
    }

    /// What values there are to complete, from the same data as the pickers and the list.
    fn palette_context(self) -> Context {
        let choices = |control| {
            let chosen = untrack(|| self.chosen(control));
            let value = |choice: Choice| Value {
                current: choice.id == chosen,
                label: if choice.name == choice.id { String::new() } else { choice.name },
                text: choice.id,
                description: choice.about,
            };
            untrack(|| self.choices(control)).into_iter().map(value).collect::<Vec<_>>()
        };
        let session = |line: &SessionLine| Value {
            text: line.id.to_string(),
            label: line.title.clone(),
            description: String::new(),
            current: self.here().as_ref() == Some(&line.id),
        };
        let sessions = self.list.sessions.with_untracked(|all| all.iter().map(session).collect());
        let mut values = BTreeMap::new();
        values.insert(ValueKind::Mode, choices(Control::Mode));
        values.insert(ValueKind::Model, choices(Control::Model));
        values.insert(ValueKind::Session, sessions);
        Context { recent: recent(), values, unavailable: self.unavailable() }
    }

    /// Commands that need an open session, while none is.
    fn unavailable(self) -> BTreeMap<String, String> {
        let needs = ["rename", "plan", "release", "copy", "delete"];
        let names = needs.into_iter().filter(|_| self.here().is_none());
        names.map(|name| (name.to_owned(), words().no_session_yet.to_owned())).collect()
    }

    /// Opens the palette from its button.
    pub(crate) fn show_palette(self) {
        let text = self.composer.text();
        let line = if text.starts_with('/') { text } else { format!("/{}", text.trim_start()) };
        self.composer.put_at(&line, line.len());
        self.open_palette(&line, line.len());
        browser::focus(PROMPT);
    }

    /// Writes a command in front of what is in the box.
    pub(crate) fn begin_command(self, name: &str) {
        let line = format!("/{name} {}", self.composer.text().trim_start());
        self.composer.put_at(&line, line.len());
        self.open_palette(&line, line.len());
        browser::focus(PROMPT);
    }

    pub(crate) fn close_palette(self) {
        self.composer.palette.set_if_new(None);
    }

    /// Moves the selection by `by` rows, round and round.
    pub(crate) fn move_selection(self, by: isize) {
        self.choose_row(|view, count| {
            let at = view.selected().map_or(if by > 0 { -1 } else { 0 }, |at| at as isize);
            (at + by).rem_euclid(count as isize) as usize
        });
    }

    /// Moves the selection by a page, stopping at the ends.
    pub(crate) fn page_selection(self, by: isize) {
        self.choose_row(|view, count| {
            let at = view.selected().unwrap_or(0) as isize + by;
            at.clamp(0, count as isize - 1) as usize
        });
    }

    pub(crate) fn point_at_row(self, nth: usize) {
        self.choose_row(|_, _| nth);
    }

    fn choose_row(self, choose: impl FnOnce(&PaletteView, usize) -> usize) {
        let Some(view) = self.composer.palette.get_untracked() else { return };
        let count = view.menu.rows.len();
        if count > 0 {
            let chosen = Some(choose(&view, count));
            self.composer.palette.set_if_new(Some(PaletteView { chosen, ..view }));
        }
    }

    /// A row was pressed: with the mouse, or a finger.
    pub(crate) fn press_row(self, nth: usize) {
        let Some(view) = self.composer.palette.get_untracked() else { return };
        self.obey(view.menu.enter(Some(nth)));
        browser::focus(PROMPT);
    }

    /// Tab. Says whether it meant anything; if not, it leaves the composer.
    pub(crate) fn complete(self) -> bool {
        let edit = match self.composer.palette.get_untracked() {
            Some(view) => view.menu.tab(view.chosen),
            None => {
                let text = self.composer.text();
                self.talk
                    .palette
                    .with_untracked(|palette| palette.suggest(&text, text.len(), &Context::default()))
                    .tab(None)
            }
        };
        let meant = edit.is_some() || self.composer.palette.get_untracked().is_some_and(|view| view.menu.is_open());
        if let Some(edit) = edit {
            self.write(&edit);
        }
        meant
    }

    /// Enter.
    pub(crate) fn submit(self) {
        match self.composer.palette.get_untracked() {
            Some(view) => self.obey(view.menu.enter(view.chosen)),
            None => self.dispatch(Command::Send(self.composer.text())),
        }
    }

    fn obey(self, enter: Enter) {
        match enter {
            Enter::Nothing => {}
            Enter::Run { line } => {
                note_recent(&line);
                self.close_palette();
                self.dispatch(Command::Send(line));
            }
            Enter::Complete(edit) | Enter::NeedsArgument(edit) => self.write(&edit),
            Enter::SendAsText => self.dispatch(Command::Send(self.composer.text())),
            Enter::Unknown(unknown) => self.complaint.set(Some(words().unknown_command(&unknown.name))),
            Enter::Unavailable { reason } => self.complaint.set(Some(reason)),
        }
    }

    fn write(self, edit: &Edit) {
        self.composer.put_at(&edit.text, edit.caret);
        self.open_palette(&edit.text, edit.caret);
        self.keep_draft_soon();
    }

    /// Up or down in the history, when the caret is on the first or the last line. Says whether there was anywhere to go.
    pub(crate) fn recall(self, older: bool) -> bool {
        let Some(field) = field() else { return false };
        let text = field.value();
        let caret = caret(&field, &text);
        let on_edge = if older { !text[..caret].contains('\n') } else { !text[caret..].contains('\n') };
        let recalled = self.composer.recalled.get_untracked();
        if !on_edge || (recalled.is_none() && !older) {
            return false;
        }
        let history = history();
        let draft = recalled.as_ref().map_or(text, |recalled| recalled.draft.clone());
        let next = match (recalled.map(|recalled| recalled.nth), older) {
            (None, _) => Some(0),
            (Some(nth), true) => Some((nth + 1).min(history.len().saturating_sub(1))),
            (Some(nth), false) => nth.checked_sub(1),
        };
        match next {
            Some(nth) => match history.get(nth) {
                Some(line) => {
                    self.composer.put(line);
                    self.composer.recalled.set(Some(Recalled { nth, draft }));
                }
                None => return false,
            },
            None => self.composer.put(&draft),
        }
        true
    }
}
