//! The reducer, for events as the stream's `data` lines carry them.

use wasm_bindgen::prelude::*;

use super::{
    plain, read,
    view::{ChangeView, EntryView, PermissionView, QueuedView, StateView, TurnView, name, seq},
};
use crate::{Envelope, transcript};

/// Folds a session's events into what a reader sees.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Transcript(transcript::Transcript);

#[wasm_bindgen]
impl Transcript {
    /// An empty transcript whose entries may weigh `capBytes` (64 MiB when left out); the oldest leave first.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(js_name = capBytes)] cap_bytes: Option<u32>) -> Self {
        let cap = cap_bytes.map(|cap| usize::try_from(cap).unwrap_or(usize::MAX));
        Self(transcript::Transcript::new(cap.unwrap_or(transcript::DEFAULT_CAP_BYTES)))
    }

    /// Folds one event in and tells what moved. An event that was applied before changes nothing.
    ///
    /// # Errors
    /// When `event` is no envelope.
    #[wasm_bindgen(unchecked_return_type = "Change")]
    pub fn apply(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "DaemonEvent")] event: JsValue,
    ) -> Result<JsValue, JsError> {
        let event: Envelope = read(event)?;
        plain(&ChangeView::from(&self.0.apply(&event)))
    }

    /// Folds in a `data` line of the stream as it stands: cheaper than to parse it first.
    ///
    /// # Errors
    /// When `json` is no envelope.
    #[wasm_bindgen(js_name = applyJson, unchecked_return_type = "Change")]
    pub fn apply_json(&mut self, json: &str) -> Result<JsValue, JsError> {
        let event: Envelope = serde_json::from_str(json)?;
        plain(&ChangeView::from(&self.0.apply(&event)))
    }

    /// Events up to `id` are in, though folded away: what a load answers as its `lastEventId`.
    #[wasm_bindgen(js_name = caughtUpTo)]
    pub fn caught_up_to(&mut self, id: f64) {
        // Ids stay below 2^53, where a float counts exactly.
        self.0.caught_up_to(id as u64);
    }

    /// Every entry, in order.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "Entry[]")]
    pub fn entries(&self) -> Result<JsValue, JsError> {
        plain(&self.0.entries().map(EntryView::from).collect::<Vec<_>>())
    }

    /// The ids of every entry, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.0.entries().map(|entry| name(entry.id.0)).collect()
    }

    /// One entry; `undefined` when there is none of this id.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "Entry | undefined")]
    pub fn entry(&self, id: &str) -> Result<JsValue, JsError> {
        let found = seq(id).and_then(|seq| self.0.entry_of(transcript::EntryId(seq)));
        found.map_or(Ok(JsValue::UNDEFINED), |entry| plain(&EntryView::from(entry)))
    }

    /// Every turn, oldest first.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "Turn[]")]
    pub fn turns(&self) -> Result<JsValue, JsError> {
        plain(&self.0.turns().map(TurnView::from).collect::<Vec<_>>())
    }

    /// Prompts that wait for their turn, oldest first.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "QueuedPrompt[]")]
    pub fn queue(&self) -> Result<JsValue, JsError> {
        plain(&self.0.queue().iter().map(QueuedView::from).collect::<Vec<_>>())
    }

    /// Permission requests and questions without an answer, oldest first.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "Permission[]")]
    pub fn waiting(&self) -> Result<JsValue, JsError> {
        plain(&self.0.waiting().map(|(_, permission)| PermissionView::from(permission)).collect::<Vec<_>>())
    }

    /// What is true of the session now.
    ///
    /// # Errors
    /// When memory runs out.
    #[wasm_bindgen(unchecked_return_type = "SessionState")]
    pub fn state(&self) -> Result<JsValue, JsError> {
        plain(&StateView::from(self.0.state()))
    }

    /// The cursor to go on from; `undefined` before the first event.
    #[wasm_bindgen(getter, js_name = lastEventId)]
    #[must_use]
    pub fn last_event_id(&self) -> Option<f64> {
        self.0.last_event_id().map(|id| id as f64)
    }

    /// The session, once an event has named it.
    #[wasm_bindgen(getter, js_name = sessionId)]
    #[must_use]
    pub fn session_id(&self) -> Option<String> {
        self.0.session_id().map(ToString::to_string)
    }
}
