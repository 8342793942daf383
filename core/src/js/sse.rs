//! The event stream parser, for bytes as `fetch` delivers them.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::plain;
use crate::sse::{Frame, Limits, Parser};

/// Reads a `text/event-stream` however it is cut into chunks.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct SseParser(Parser);

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum FrameView<'a> {
    Event {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        event: &'a str,
        data: &'a str,
    },
    Comment {
        text: &'a str,
    },
    Retry {
        millis: u64,
    },
}

impl<'a> From<&'a Frame> for FrameView<'a> {
    fn from(frame: &'a Frame) -> Self {
        match frame {
            Frame::Event(event) => Self::Event { id: event.id.as_deref(), event: &event.event, data: &event.data },
            Frame::Comment(text) => Self::Comment { text },
            Frame::Retry(wait) => Self::Retry { millis: wait.0 },
        }
    }
}

#[wasm_bindgen]
impl SseParser {
    /// `maxEventBytes` bounds one line and one event; 32 MiB when left out. A stream that breaks it throws, and stays broken.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(js_name = maxEventBytes)] max_event_bytes: Option<u32>) -> Self {
        let Some(most) = max_event_bytes else { return Self::default() };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self(Parser::new(Limits { max_line_bytes: most, max_event_bytes: most }))
    }

    /// Reads the next bytes and answers the frames they complete.
    ///
    /// # Errors
    /// When the stream breaks its bound.
    #[wasm_bindgen(unchecked_return_type = "SseFrame[]")]
    pub fn push(&mut self, chunk: &[u8]) -> Result<JsValue, JsError> {
        let mut frames = Vec::new();
        let whole = self.0.push(chunk, &mut frames);
        let frames: Vec<FrameView<'_>> = frames.iter().map(FrameView::from).collect();
        let answered = plain(&frames)?;
        whole.map(|()| answered).map_err(Into::into)
    }

    /// What a reconnect sends as `Last-Event-ID`; empty before the first.
    #[wasm_bindgen(getter, js_name = lastEventId)]
    #[must_use]
    pub fn last_event_id(&self) -> String {
        self.0.last_event_id().to_owned()
    }
}
