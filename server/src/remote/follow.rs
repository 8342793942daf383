//! Performs what core's stream machine decides, on real sockets.

use std::{collections::VecDeque, future::Future, pin::Pin, rc::Rc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use roost_core::{
    ClientId, Envelope, EventEpoch, SessionId,
    client::{Cursor, Effect, Ending, Input, Resync, Stream, WireFailure, routes},
};

use super::{
    RemoteError,
    http::{Http, Open},
};
use crate::clock;

/// A session's events, over as many connections as it takes.
pub(super) struct Follow {
    http: Rc<Http>,
    session: SessionId,
    client: Option<ClientId>,
    stream: Stream,
    link: Link,
    told: VecDeque<Told>,
    /// The last attempt failed.
    cut: bool,
}

/// What a follower learns.
#[derive(Debug)]
pub(super) enum Told {
    Event(Envelope),
    /// Something before the next event is missing; in words.
    Missing(String),
    /// The connection is gone; it will be made again, however long it takes.
    Cut,
    /// It is there again.
    Back,
    Over(Ending),
}

type Pending = Pin<Box<dyn Future<Output = Heard>>>;

/// The one connection there may be.
enum Link {
    None,
    /// An answer is awaited: to the stream's request, or to the one that brings the session to life.
    Awaiting(Pending),
    Open(Box<Open>),
    /// It has just been cut.
    Cut,
}

enum Heard {
    Opened(Box<Open>),
    Refused(WireFailure),
    Revived,
    Bytes(Bytes),
    Lost,
    Tick,
}

impl Follow {
    pub(super) fn new(http: &Rc<Http>, session: &SessionId, client: Option<ClientId>, cursor: Cursor) -> Self {
        let mut follow = Self {
            http: Rc::clone(http),
            session: session.clone(),
            client,
            stream: Stream::new(session.clone(), cursor),
            link: Link::None,
            told: VecDeque::new(),
            cut: false,
        };
        follow.take(Input::Start);
        follow
    }

    /// The next thing that happens. Cancelling it loses nothing.
    pub(super) async fn next(&mut self) -> Told {
        loop {
            if let Some(told) = self.told.pop_front() {
                return told;
            }
            match self.listen().await {
                Heard::Opened(open) => {
                    let epoch = open.headers.get("x-qwen-event-epoch").and_then(|epoch| epoch.to_str().ok());
                    let epoch = epoch.map(EventEpoch::from);
                    self.link = Link::Open(open);
                    if std::mem::take(&mut self.cut) {
                        self.told.push_back(Told::Back);
                    }
                    self.take(Input::Opened { epoch });
                }
                Heard::Bytes(bytes) => self.take(Input::Bytes(&bytes)),
                Heard::Refused(failure) => self.closed(Input::Refused { failure, chance: chance() }),
                Heard::Lost => self.closed(Input::Lost { chance: chance() }),
                Heard::Revived => self.closed(Input::Revived),
                Heard::Tick => self.take(Input::Tick),
            }
        }
    }

    async fn listen(&mut self) -> Heard {
        let now = clock::now();
        let wait = self.stream.deadline().map(|deadline| Duration::from_millis(deadline.since(now).0));
        tokio::select! {
            heard = self.link.next() => heard,
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => Heard::Tick,
        }
    }

    fn closed(&mut self, input: Input<'_>) {
        self.link = Link::None;
        self.take(input);
    }

    fn take(&mut self, input: Input<'_>) {
        for effect in self.stream.handle(clock::now(), input) {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Connect(request) => {
                let http = Rc::clone(&self.http);
                self.link = Link::Awaiting(Box::pin(async move {
                    match http.open(&request).await {
                        Ok(open) if open.status == StatusCode::OK => Heard::Opened(Box::new(open)),
                        Ok(open) => Heard::Refused(open.refusal().await),
                        Err(_) => Heard::Lost,
                    }
                }));
            }
            Effect::Revive => {
                let http = Rc::clone(&self.http);
                let call = routes::resume(&self.session).by(self.client.as_ref());
                self.link = Link::Awaiting(Box::pin(async move {
                    match http.call(call).await {
                        Ok(_) => Heard::Revived,
                        Err(RemoteError::Refused(failure)) => Heard::Refused(*failure),
                        Err(_) => Heard::Lost,
                    }
                }));
            }
            Effect::HangUp => self.link = Link::Cut,
            Effect::Deliver(event) => self.told.push_back(Told::Event(event)),
            Effect::Resync(why) => self.told.push_back(Told::Missing(missing(&why))),
            Effect::Wait { .. } if self.cut => {}
            Effect::Wait { .. } => {
                self.cut = true;
                self.told.push_back(Told::Cut);
            }
            Effect::End(why) => self.told.push_back(Told::Over(why)),
        }
    }
}

impl Link {
    async fn next(&mut self) -> Heard {
        match self {
            Self::None => std::future::pending().await,
            Self::Awaiting(answer) => answer.await,
            Self::Open(open) => open.next().await.map_or(Heard::Lost, Heard::Bytes),
            Self::Cut => Heard::Lost,
        }
    }
}

fn missing(why: &Resync) -> String {
    match why {
        Resync::Marked(mark) => format!("some events cannot be had any more ({})", mark.reason),
        Resync::Unreadable(_) => "some events cannot be had any more".to_owned(),
        Resync::Gap { after, next } => format!("the events between {after} and {next} are missing"),
    }
}

/// In `0.0..1.0`. A system without randomness waits no differently each time, which harms nothing here.
fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
}
