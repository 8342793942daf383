//! The line: the browser's side of `core::client::Stream`, which decides when to connect, to wait and to give up.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Reflect, Uint8Array};
use roost_core::{
    Envelope, EventEpoch, Millis, SessionId,
    client::{Cursor, Effect, Ending, Input, Request, Stream, WireFailure},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, ReadableStreamDefaultReader, Response};

use super::fetch::{self, Credential};
use crate::browser::{
    self,
    timer::{self, Alarm},
};

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
    /// What was shown so far cannot be continued: the session has to be loaded anew. The line is hung up.
    Torn,
    /// The daemon will not serve this line again (wrong credential…): it is hung up.
    Refused(WireFailure),
}

/// A model writes in small pieces, far more of them than are drawn. After a piece of less than this many bytes…
const WORTH_A_READ: usize = 16 * 1024;
/// …more are left to gather for so long, and read together.
const GATHERING: Millis = Millis(40);

/// A handle on a running line. Dropping it hangs up.
#[derive(Debug)]
pub(crate) struct Line(Rc<Wire>);

impl Drop for Line {
    fn drop(&mut self) {
        self.0.hang_up();
    }
}

impl Line {
    /// Opens a line to the events of `session` after `cursor`.
    pub(crate) fn open(
        session: SessionId,
        credential: Credential,
        cursor: Cursor,
        tell: impl Fn(News) + 'static,
    ) -> Self {
        let wire = Rc::new(Wire {
            stream: RefCell::new(Stream::new(session, cursor)),
            credential,
            alive: Cell::new(true),
            cutter: RefCell::new(None),
            tell: Box::new(tell),
        });
        // A tab that is loaded behind another one waits until it is looked at.
        wire.input(if browser::visible() { Input::Start } else { Input::Rest });
        Self(wire)
    }

    /// The network or the tab came back, or the reader asks: do not wait any longer.
    pub(crate) fn nudge(&self) {
        self.0.input(Input::Nudge);
    }

    /// Nobody looks: the connection is given back until the next nudge, and nothing is lost by it. A browser has six of them for all tabs.
    pub(crate) fn rest(&self) {
        self.0.input(Input::Rest);
    }

    /// To be called now and then: a stream that has been silent for too long is cut.
    pub(crate) fn watch(&self) {
        let due = self.0.stream.borrow().deadline().is_some_and(|at| at <= browser::now());
        if due {
            self.0.input(Input::Tick);
        }
    }
}

struct Wire {
    stream: RefCell<Stream>,
    credential: Credential,
    alive: Cell<bool>,
    cutter: RefCell<Option<AbortController>>,
    tell: Box<dyn Fn(News)>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl Wire {
    fn input(self: &Rc<Self>, input: Input<'_>) {
        let effects = self.stream.borrow_mut().handle(browser::now(), input);
        let mut events = Vec::new();
        for effect in effects {
            match effect {
                Effect::Deliver(event) => events.push(event),
                Effect::Connect(request) => {
                    self.say(News::Dialing);
                    spawn_local(Rc::clone(self).connect(request));
                }
                Effect::HangUp => self.cut(),
                Effect::Wait { until } => {
                    self.say(News::Waiting(until));
                    let wire = Rc::clone(self);
                    timer::after(until.since(browser::now()), move || wire.input(Input::Tick));
                }
                // The page shows all of a session, so it loads it again, which also brings it to life.
                Effect::Resync(_) | Effect::Revive => return self.give_up(News::Torn),
                Effect::End(Ending::Refused(failure)) => return self.give_up(News::Refused(failure)),
                Effect::End(Ending::Oversize(_)) => return self.give_up(News::Torn),
                // The events have said so.
                Effect::End(Ending::Session(_)) => {}
            }
        }
        if !events.is_empty() {
            self.say(News::Events(events));
        }
    }

    /// One connection, from the request to its end.
    async fn connect(self: Rc<Self>, request: Request) {
        let cutter = AbortController::new().ok();
        let signal = cutter.as_ref().map(AbortController::signal);
        self.cutter.replace(cutter);
        let response = match fetch::open(&request, &self.credential, signal.as_ref()).await {
            Ok(response) => response,
            Err(_) => return self.end(Input::Lost { chance: js_sys::Math::random() }),
        };
        if !response.ok() {
            let failure = fetch::refusal(&response).await;
            return self.end(Input::Refused { failure, chance: js_sys::Math::random() });
        }
        self.say(News::Open);
        self.input(Input::Opened { epoch: epoch(&response) });
        if let Some(reader) = reader(&response) {
            while let Ok(Some(bytes)) = chunk(&reader).await {
                if !self.alive.get() {
                    return;
                }
                self.input(Input::Bytes(&bytes));
                if bytes.len() < WORTH_A_READ {
                    Alarm::default().wait(GATHERING).await;
                }
            }
        }
        self.end(Input::Lost { chance: js_sys::Math::random() });
    }

    fn end(self: &Rc<Self>, input: Input<'_>) {
        if self.alive.get() {
            self.input(input);
        }
    }

    fn say(&self, news: News) {
        if self.alive.get() {
            (self.tell)(news);
        }
    }

    fn give_up(&self, last_words: News) {
        self.say(last_words);
        self.hang_up();
    }

    fn hang_up(&self) {
        self.alive.set(false);
        self.cut();
    }

    fn cut(&self) {
        if let Some(cutter) = self.cutter.take() {
            cutter.abort();
        }
    }
}

fn epoch(response: &Response) -> Option<EventEpoch> {
    response.headers().get("X-Qwen-Event-Epoch").ok().flatten().map(EventEpoch::from)
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
