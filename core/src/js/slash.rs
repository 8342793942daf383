//! Slash commands: routing and the palette.

mod context;
mod view;

use serde_json::Value as Json;
use wasm_bindgen::prelude::*;

use self::{
    context::ContextInput,
    view::{ChipView, CommandView, EditView, EnterView, RouteView, RowView, UnknownView},
};
use super::{plain, read, utf16};
use crate::slash::{self, Action, Advertised, Catalogue};

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
