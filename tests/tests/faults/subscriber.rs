//! One subscriber: core's stream machine, performed on the bad line as the page performs it, with a record of every byte's meaning.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bytes::Bytes;
use fastrand::Rng;
use roost_core::{
    Envelope, EventEpoch, EventType, SessionId,
    client::{Cursor, Effect, Ending, Input, LoadedSession, Resync, Stream, WireFailure, routes},
    sse::{Frame, Parser},
};
use roost_tests::deadline;
use tokio::sync::{mpsc, watch};

use crate::{
    haste::Haste,
    history::{Connection, Reader, Start, Stretch},
    wire::{Failed, Open, Wire},
};

/// Longer than any load takes, with what the line does to it.
const PATIENCE: Duration = deadline::PATIENCE;

/// Events a listener may be behind: far more than a run has.
pub(crate) const EARSHOT: usize = 65_536;

/// Where everybody has to arrive, once it is known.
pub(crate) type Finish = watch::Receiver<Option<Cursor>>;

pub(crate) struct Subscriber {
    wire: Wire,
    session: SessionId,
    clock: Haste,
    rng: Rng,
    stream: Stream,
    link: Link,
    reader: Reader,
    /// The connection's own parser: the laws of the wire are checked on what it reads, not on what the machine makes of it.
    parser: Parser,
    resync: Option<Resync>,
    /// The session has died with its agent.
    died: bool,
    over: Option<String>,
    tell: mpsc::Sender<Arc<Envelope>>,
}

type Pending = Pin<Box<dyn Future<Output = Heard> + Send>>;

enum Link {
    None,
    Awaiting(Pending),
    Open(Box<Open>),
    Cut,
}

enum Heard {
    Opened(Box<Open>),
    Refused(WireFailure),
    Revived,
    Bytes(Bytes),
    Lost,
    Tick,
    Finish,
}

impl Subscriber {
    /// One that reads from the first event on.
    pub(crate) fn from_the_beginning(
        wire: Wire,
        session: &SessionId,
        rng: Rng,
        tell: mpsc::Sender<Arc<Envelope>>,
    ) -> Self {
        let start = Start::Beginning;
        Self {
            wire,
            session: session.clone(),
            clock: Haste::new(),
            rng,
            stream: Stream::new(session.clone(), start.cursor()),
            link: Link::None,
            reader: Reader {
                stretches: vec![Stretch { start, events: Vec::new(), resync: None }],
                connections: Vec::new(),
            },
            parser: Parser::default(),
            resync: None,
            died: false,
            over: None,
            tell,
        }
    }

    /// One that loads the session first, after a while.
    pub(crate) async fn from_a_load(
        wire: Wire,
        session: &SessionId,
        mut rng: Rng,
        tell: mpsc::Sender<Arc<Envelope>>,
    ) -> anyhow::Result<Self> {
        deadline::pass(Duration::from_millis(rng.u64(0..400))).await;
        let mut subscriber = Self::from_the_beginning(wire, session, rng, tell);
        subscriber.reader.stretches.clear();
        subscriber.load().await?;
        Ok(subscriber)
    }

    /// Reads until it has arrived where `finish` says.
    pub(crate) async fn read(mut self, mut finish: Finish) -> anyhow::Result<Reader> {
        self.take(Input::Start);
        while !self.has_arrived(&finish) {
            if let Some(why) = self.over.take() {
                bail!("the stream ended for good: {why}");
            }
            if let Some(why) = self.resync.take() {
                self.start_over(why).await?;
            }
            if std::mem::take(&mut self.died) {
                self.go_on_after_death();
            }
            match self.listen(&mut finish).await {
                Heard::Opened(open) => {
                    let epoch = open.headers.get("x-qwen-event-epoch").and_then(|epoch| epoch.to_str().ok());
                    let epoch = epoch.map(EventEpoch::from);
                    self.link = Link::Open(open);
                    self.parser = Parser::default();
                    let asked = self.stream.cursor().clone();
                    self.reader.connections.push(Connection { asked, epoch: epoch.clone(), events: Vec::new() });
                    self.take(Input::Opened { epoch });
                }
                Heard::Bytes(bytes) => {
                    self.note(&bytes)?;
                    self.take(Input::Bytes(&bytes));
                }
                Heard::Refused(failure) => self.closed(|chance| Input::Refused { failure, chance }),
                Heard::Lost => self.closed(|chance| Input::Lost { chance }),
                Heard::Revived => self.closed(|_| Input::Revived),
                Heard::Tick => self.take(Input::Tick),
                Heard::Finish => {}
            }
        }
        Ok(self.reader)
    }

    /// How far it has come, for whoever asks why it has not arrived.
    fn has_arrived(&self, finish: &Finish) -> bool {
        let reached = self.stream.cursor();
        self.resync.is_none()
            && finish
                .borrow()
                .as_ref()
                .is_some_and(|goal| reached.epoch == goal.epoch && reached.last_event_id >= goal.last_event_id)
    }

    async fn listen(&mut self, finish: &mut Finish) -> Heard {
        let wait = self.stream.deadline().map(|deadline| self.clock.until(deadline));
        tokio::select! {
            heard = self.link.next() => heard,
            () = deadline::pass(wait.unwrap_or_default()), if wait.is_some() => Heard::Tick,
            Ok(()) = finish.changed() => Heard::Finish,
        }
    }

    fn closed(&mut self, input: impl FnOnce(f64) -> Input<'static>) {
        self.link = Link::None;
        let chance = self.rng.f64();
        self.take(input(chance));
    }

    fn take(&mut self, input: Input<'_>) {
        for effect in self.stream.handle(self.clock.now(), input) {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Connect(request) => {
                let wire = self.wire;
                self.link = Link::Awaiting(Box::pin(async move {
                    match wire.open(&request).await {
                        Ok(open) if open.status == 200 => Heard::Opened(Box::new(open)),
                        Ok(open) => open.refusal().await.map_or(Heard::Lost, Heard::Refused),
                        Err(_) => Heard::Lost,
                    }
                }));
            }
            Effect::Revive => {
                let (wire, call) = (self.wire, routes::resume(&self.session));
                self.link = Link::Awaiting(Box::pin(async move {
                    match wire.call(&call).await {
                        Ok(Ok(_)) => Heard::Revived,
                        Ok(Err(Failed::Refused(failure))) => Heard::Refused(*failure),
                        Ok(Err(Failed::Lost)) | Err(_) => Heard::Lost,
                    }
                }));
            }
            Effect::HangUp => self.link = Link::Cut,
            // What follows a mark is had again by the load.
            Effect::Deliver(event) if self.resync.is_none() => self.deliver(event),
            Effect::Deliver(_) => {}
            Effect::Resync(why) => {
                self.resync.get_or_insert(why);
            }
            Effect::Wait { .. } => {}
            Effect::End(Ending::Session(EventType::SessionDied)) => self.died = true,
            Effect::End(why) => self.over = Some(format!("{why:?}")),
        }
    }

    fn deliver(&mut self, event: Envelope) {
        self.tell(&event);
        if let Some(stretch) = self.reader.stretches.last_mut() {
            stretch.events.push(event);
        }
    }

    /// Nobody has to listen; but who does has to keep up.
    fn tell(&mut self, event: &Envelope) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.tell.try_send(Arc::new(event.clone())) {
            self.over = Some(format!("whoever listens is {EARSHOT} events behind"));
        }
    }

    /// Reads the bytes with a parser that knows nothing of other connections.
    fn note(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut frames = Vec::new();
        self.parser.push(bytes, &mut frames)?;
        let connection = self.reader.connections.last_mut().context("bytes come on a connection")?;
        for frame in frames {
            match frame {
                Frame::Event(event) => connection.events.push(event.envelope()?),
                Frame::Comment(_) | Frame::Retry(_) => {}
            }
        }
        Ok(())
    }

    /// The same stream from the same place: asking for it brings the session back, and its numbers go on.
    fn go_on_after_death(&mut self) {
        self.link = Link::None;
        self.stream = Stream::new(self.session.clone(), self.stream.cursor().clone());
        self.take(Input::Start);
    }

    async fn start_over(&mut self, why: Resync) -> anyhow::Result<()> {
        if let Some(stretch) = self.reader.stretches.last_mut() {
            stretch.resync = Some(why);
        }
        self.link = Link::None;
        self.died = false;
        self.load().await?;
        self.take(Input::Start);
        Ok(())
    }

    async fn load(&mut self) -> anyhow::Result<()> {
        let loaded = load(&self.wire, &self.session).await?;
        for event in loaded.history() {
            self.tell(event);
        }
        let start = Start::Loaded(Box::new(loaded));
        self.stream = Stream::new(self.session.clone(), start.cursor());
        self.reader.stretches.push(Stretch { start, events: Vec::new(), resync: None });
        Ok(())
    }
}

/// Loads the session, as often as it takes.
pub(crate) async fn load(wire: &Wire, session: &SessionId) -> anyhow::Result<LoadedSession> {
    let (since, mut last) = (Instant::now(), None);
    loop {
        anyhow::ensure!(since.elapsed() < PATIENCE, "{session} is never loaded: {last:?}");
        match wire.call(&routes::load(session)).await? {
            Ok(loaded) => return Ok(loaded),
            Err(Failed::Lost) => {}
            Err(Failed::Refused(refused)) if refused.is_passing() => last = Some(refused),
            Err(Failed::Refused(refused)) => bail!("the load was refused: {refused:?}"),
        }
        deadline::pass(Duration::from_millis(20)).await;
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
