//! The line: one event stream that is kept up. It reconnects with the cursor and the epoch it has, for ever, until it is hung up.
//!
//! Liveness is counted in bytes, not in events: the daemon writes a comment every 15 s, so 45 s of nothing means that nobody is there.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Reflect, Uint8Array};
use roost_core::{
    Envelope, EventEpoch, EventType, Millis, SessionId,
    sse::{Frame, Parser},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, ReadableStreamDefaultReader, Response};

use super::{
    backoff,
    call::{Call, CallError, Credential, segment},
};
use crate::browser::{self, complaint, timer::Alarm};

/// No bytes for this long: the stream is dead, whatever the socket says.
const SILENCE: Millis = Millis(45_000);
/// After a sleep or a change of network a stream that was silent for this long is not trusted.
const DOUBT: Millis = Millis(17_000);

/// Where in the session's events a reader stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) last_event_id: u64,
    pub(crate) epoch: Option<EventEpoch>,
}

/// What the line tells its owner.
#[derive(Debug)]
pub(crate) enum News {
    /// A connection is being made.
    Dialing,
    /// The stream is open; what was missed comes next.
    Open,
    Events(Vec<Envelope>),
    /// Nobody was reached. The next attempt is at this moment.
    Waiting(Millis),
    /// The daemon will not serve this line again (unknown session, wrong credential…): it is hung up.
    Refused(CallError),
}

/// A handle on a running line. Dropping it hangs up.
#[derive(Debug)]
pub(crate) struct Line(Rc<Wire>);

impl Drop for Line {
    fn drop(&mut self) {
        self.0.alive.set(false);
        self.0.cut();
        self.0.alarm.ring();
    }
}

impl Line {
    /// Opens a line to the events of `session` after `cursor`.
    pub(crate) fn open(
        session: &SessionId,
        credential: Credential,
        cursor: Cursor,
        tell: impl Fn(News) + 'static,
    ) -> Self {
        let wire = Rc::new(Wire {
            path: format!("/session/{}/events?maxQueued=2048", segment(session.as_str())),
            credential,
            cursor: RefCell::new(cursor),
            alive: Cell::new(true),
            last_bytes: Cell::new(browser::now()),
            cutter: RefCell::new(None),
            alarm: Alarm::default(),
            tell: Box::new(tell),
        });
        spawn_local(Rc::clone(&wire).keep_up());
        Self(wire)
    }

    /// The network or the tab came back, or the reader asks: do not wait any longer.
    pub(crate) fn nudge(&self) {
        self.0.alarm.ring();
        self.0.check_silence(DOUBT);
    }

    /// Cuts a stream that has been silent for too long. To be called now and then.
    pub(crate) fn watch(&self) {
        self.0.check_silence(SILENCE);
    }
}

struct Wire {
    path: String,
    credential: Credential,
    cursor: RefCell<Cursor>,
    alive: Cell<bool>,
    last_bytes: Cell<Millis>,
    cutter: RefCell<Option<AbortController>>,
    alarm: Alarm,
    tell: Box<dyn Fn(News)>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("path", &self.path).field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

impl Wire {
    async fn keep_up(self: Rc<Self>) {
        let mut failures = 0;
        while self.alive.get() {
            self.say(News::Dialing);
            if let Err(error @ CallError::Refused { status: 400..=428, .. }) = self.listen(&mut failures).await {
                return self.say(News::Refused(error));
            }
            if self.alive.get() {
                let wait = backoff::delay(failures, js_sys::Math::random());
                failures += 1;
                self.say(News::Waiting(browser::now().after(wait)));
                self.alarm.wait(wait).await;
            }
        }
    }

    /// One connection, from the request to its end.
    async fn listen(&self, failures: &mut u32) -> Result<(), CallError> {
        let cutter = AbortController::new().ok();
        let signal = cutter.as_ref().map(AbortController::signal);
        self.cutter.replace(cutter);
        self.last_bytes.set(browser::now());
        let response = self.request().open(&self.credential, signal.as_ref()).await?;
        self.say(News::Open);
        self.note_epoch(&response);
        let reader =
            reader(&response).ok_or_else(|| CallError::Garbled("an event stream without a body".to_owned()))?;
        let mut parser = Parser::default();
        while let Some(bytes) = chunk(&reader).await.map_err(|error| CallError::Unreachable(complaint(&error)))? {
            *failures = 0;
            self.last_bytes.set(browser::now());
            let mut frames = Vec::new();
            let whole = parser.push(&bytes, &mut frames);
            self.take(frames);
            whole.map_err(|oversize| CallError::Garbled(oversize.to_string()))?;
        }
        Ok(())
    }

    fn request(&self) -> Call {
        let cursor = self.cursor.borrow();
        let call = Call::get(self.path.clone())
            .header("Accept", "text/event-stream")
            .header("Last-Event-ID", cursor.last_event_id.to_string());
        match &cursor.epoch {
            Some(epoch) => call.header("X-Qwen-Event-Epoch", epoch.as_str()),
            None => call,
        }
    }

    fn note_epoch(&self, response: &Response) {
        let epoch = response.headers().get("X-Qwen-Event-Epoch").ok().flatten();
        let mut cursor = self.cursor.borrow_mut();
        if let Some(epoch) = epoch.map(EventEpoch::from) {
            if cursor.epoch.as_ref().is_some_and(|known| *known != epoch) {
                cursor.last_event_id = 0;
            }
            cursor.epoch = Some(epoch);
        }
    }

    /// Hands on the events. One we have seen already (a replay may overlap) is dropped: an id is applied once.
    fn take(&self, frames: Vec<Frame>) {
        let mut events = Vec::new();
        for frame in frames {
            let Frame::Event(event) = frame else { continue };
            let Ok(envelope) = event.envelope() else { continue };
            if envelope.kind == EventType::StateResyncRequired {
                self.cursor.borrow_mut().last_event_id = 0;
            }
            if let Some(id) = envelope.id {
                let mut cursor = self.cursor.borrow_mut();
                if id <= cursor.last_event_id {
                    continue;
                }
                cursor.last_event_id = id;
            }
            events.push(envelope);
        }
        if !events.is_empty() {
            self.say(News::Events(events));
        }
    }

    fn say(&self, news: News) {
        if self.alive.get() {
            (self.tell)(news);
        }
    }

    fn check_silence(&self, limit: Millis) {
        if browser::now().since(self.last_bytes.get()) > limit {
            self.cut();
        }
    }

    fn cut(&self) {
        if let Some(cutter) = self.cutter.take() {
            cutter.abort();
        }
    }
}

fn reader(response: &Response) -> Option<ReadableStreamDefaultReader> {
    response.body()?.get_reader().dyn_into().ok()
}

/// The next bytes; `None` at the end of the stream.
async fn chunk(reader: &ReadableStreamDefaultReader) -> Result<Option<Vec<u8>>, JsValue> {
    let step = JsFuture::from(reader.read()).await?;
    if Reflect::get(&step, &JsValue::from_str("done"))?.is_truthy() {
        return Ok(None);
    }
    let value = Reflect::get(&step, &JsValue::from_str("value"))?;
    Ok(Some(value.dyn_into::<Uint8Array>()?.to_vec()))
}
