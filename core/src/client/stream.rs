//! The stream: one session's events, kept coming. It reconnects with the cursor and the epoch it has, for ever, until the session ends
//! or the daemon says no for good.
//!
//! Liveness is counted in bytes, not in events: the daemon writes a comment every 15 s, so [`SILENCE`] means that nobody is there.
//!
//! One connection exists at a time. Each [`Effect::Connect`] and [`Effect::Revive`] is answered by exactly one end of it:
//! [`Input::Refused`] or [`Input::Lost`] (or [`Input::Revived`]), also after [`Effect::HangUp`].

use super::{EventReader, News, Request, Resync, WireFailure, backoff, routes};
use crate::{Envelope, EventEpoch, EventType, Millis, SessionId, client::Cursor, sse::Oversize};

/// No bytes for this long: the stream is dead, whatever the socket says.
pub const SILENCE: Millis = Millis(45_000);
/// After a sleep or a change of network a stream that was silent for this long is not trusted.
pub const DOUBT: Millis = Millis(17_000);

/// The machine. See the module for its contract.
#[derive(Debug)]
pub struct Stream {
    session: SessionId,
    reader: EventReader,
    state: State,
    /// Attempts since bytes last came.
    failures: u32,
    /// The last event with an id said that the session is over. It is only once the stream ends: a replay may go on after it.
    farewell: Option<EventType>,
    /// The session was brought to life since bytes last came: after a second 404 the next attempt waits.
    revived: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Dialing {
        since: Millis,
    },
    Open {
        heard: Millis,
    },
    HangingUp {
        then: Next,
    },
    Reviving,
    Waiting {
        until: Millis,
    },
    /// Until [`Input::Nudge`].
    Resting,
    Over,
}

/// What follows the end of a connection that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Dial,
    Wait,
    Rest,
}

/// What happens to a stream.
#[derive(Debug)]
pub enum Input<'a> {
    /// Begin.
    Start,
    /// The daemon answers 200; its head names the epoch.
    Opened {
        epoch: Option<EventEpoch>,
    },
    Bytes(&'a [u8]),
    /// The daemon answers anything else. `chance` is in `0.0..1.0`, for the wait if there is one.
    Refused {
        failure: WireFailure,
        chance: f64,
    },
    /// No connection was made, or it is over.
    Lost {
        chance: f64,
    },
    /// The session lives again.
    Revived,
    /// Time has passed, see [`Stream::deadline`].
    Tick,
    /// The network or the reader came back: do not wait any longer, and do not trust a silence.
    Nudge,
    /// Nobody looks: hold no connection, of which a browser has six for all its tabs, until the next [`Input::Nudge`]. In place of
    /// [`Input::Start`], too.
    Rest,
}

/// What the stream wants done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Send this (with the credential) and tell what comes of it.
    Connect(Request),
    /// Cut the connection, then tell [`Input::Lost`].
    HangUp,
    /// Bring the session to life with [`routes::resume`] and tell [`Input::Revived`], or why not: the daemon has restarted.
    Revive,
    /// Each id once, in order.
    Deliver(Envelope),
    /// Something between the last event and the next is missing. Who needs all of it loads the session and starts another stream
    /// from there; who does not goes on with this one.
    Resync(Resync),
    /// Nobody was reached; the next attempt is at this moment.
    Wait { until: Millis },
    /// It is over. Nothing follows.
    End(Ending),
}

/// Why a stream is over.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// `session_closed` or `session_died`.
    Session(EventType),
    /// The daemon will not serve this stream: unknown session, wrong credential…
    Refused(WireFailure),
    /// An event too large to read.
    Oversize(Oversize),
}

impl Stream {
    /// A stream of the events of `session` after `cursor`.
    #[must_use]
    pub fn new(session: SessionId, cursor: Cursor) -> Self {
        Self {
            session,
            reader: EventReader::new(cursor),
            state: State::Idle,
            failures: 0,
            farewell: None,
            revived: false,
        }
    }

    /// How far it has read.
    #[must_use]
    pub fn cursor(&self) -> &Cursor {
        self.reader.cursor()
    }

    /// When [`Input::Tick`] is due at the latest. It moves with every input.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        match self.state {
            State::Dialing { since } => Some(since.after(SILENCE)),
            State::Open { heard } => Some(heard.after(SILENCE)),
            State::Waiting { until } => Some(until),
            State::Idle | State::HangingUp { .. } | State::Reviving | State::Resting | State::Over => None,
        }
    }

    /// Decides. An input that does not belong to the present state changes nothing.
    pub fn handle(&mut self, now: Millis, input: Input<'_>) -> Vec<Effect> {
        match (self.state, input) {
            (State::Over, _) => Vec::new(),
            (State::Idle, Input::Start) => self.dial(now),
            (State::Reviving, Input::Revived) => {
                self.revived = true;
                self.dial(now)
            }
            (State::Dialing { .. }, Input::Opened { epoch }) => {
                self.state = State::Open { heard: now };
                self.reader.begin(epoch);
                Vec::new()
            }
            (State::Open { .. }, Input::Bytes(bytes)) => self.read(now, bytes),
            (State::Dialing { .. } | State::Reviving, Input::Refused { failure, chance }) => {
                self.refused(now, failure, chance)
            }
            (State::HangingUp { then: Next::Dial }, Input::Lost { .. } | Input::Refused { .. }) => self.dial(now),
            (State::Open { .. } | State::HangingUp { then: Next::Rest }, Input::Lost { .. })
                if self.farewell.is_some() =>
            {
                self.farewell.take().map_or_else(Vec::new, |kind| self.end(Ending::Session(kind)))
            }
            (State::HangingUp { then: Next::Rest }, Input::Lost { .. } | Input::Refused { .. } | Input::Revived) => {
                self.rest()
            }
            (
                State::Dialing { .. } | State::Open { .. } | State::Reviving | State::HangingUp { then: Next::Wait },
                Input::Lost { chance },
            )
            | (State::HangingUp { then: Next::Wait }, Input::Refused { chance, .. }) => {
                self.pause(now, backoff::wait(self.failures, chance))
            }
            (State::Waiting { until }, Input::Tick) if now >= until => self.dial(now),
            (State::Waiting { .. } | State::Resting, Input::Nudge) => self.dial(now),
            (State::Dialing { since: heard } | State::Open { heard }, Input::Tick) if now.since(heard) >= SILENCE => {
                self.hang_up(Next::Wait)
            }
            (State::Open { heard }, Input::Nudge) if now.since(heard) >= DOUBT => self.hang_up(Next::Dial),
            (State::HangingUp { then: Next::Rest }, Input::Nudge) => {
                self.state = State::HangingUp { then: Next::Dial };
                Vec::new()
            }
            (State::Idle | State::Waiting { .. }, Input::Rest) => self.rest(),
            (State::Dialing { .. } | State::Open { .. }, Input::Rest) => self.hang_up(Next::Rest),
            (State::HangingUp { .. } | State::Reviving, Input::Rest) => {
                self.state = State::HangingUp { then: Next::Rest };
                Vec::new()
            }
            (
                State::Idle
                | State::Dialing { .. }
                | State::Open { .. }
                | State::HangingUp { .. }
                | State::Reviving
                | State::Waiting { .. }
                | State::Resting,
                Input::Start
                | Input::Opened { .. }
                | Input::Bytes(_)
                | Input::Refused { .. }
                | Input::Lost { .. }
                | Input::Revived
                | Input::Tick
                | Input::Nudge
                | Input::Rest,
            ) => Vec::new(),
        }
    }

    fn dial(&mut self, now: Millis) -> Vec<Effect> {
        self.state = State::Dialing { since: now };
        vec![Effect::Connect(routes::events(&self.session, self.reader.cursor()))]
    }

    fn read(&mut self, now: Millis, bytes: &[u8]) -> Vec<Effect> {
        self.state = State::Open { heard: now };
        self.failures = 0;
        self.revived = false;
        let mut news = Vec::new();
        let whole = self.reader.push(bytes, &mut news);
        let mut effects: Vec<Effect> = news.into_iter().map(|news| self.tell(news)).collect();
        if let Err(oversize) = whole {
            // Another connection would bring the same event again.
            effects.push(Effect::HangUp);
            effects.extend(self.end(Ending::Oversize(oversize)));
        }
        effects
    }

    fn tell(&mut self, news: News) -> Effect {
        let event = match news {
            News::Resync(why) => return Effect::Resync(why),
            News::Event(event) => event,
        };
        if event.id.is_some() {
            let says_farewell = matches!(event.kind, EventType::SessionClosed | EventType::SessionDied);
            self.farewell = says_farewell.then(|| event.kind.clone());
        }
        Effect::Deliver(event)
    }

    fn refused(&mut self, now: Millis, failure: WireFailure, chance: f64) -> Vec<Effect> {
        if failure.is_passing() {
            let wait = backoff::wait(self.failures, chance);
            return self.pause(now, wait.max(failure.retry_after.unwrap_or_default()));
        }
        if failure.is_missing() && self.state != State::Reviving {
            if std::mem::take(&mut self.revived) {
                // It lived a moment ago: the daemon has been restarted again meanwhile. Whether the session is gone, reviving it tells.
                return self.pause(now, backoff::wait(self.failures, chance));
            }
            self.state = State::Reviving;
            return vec![Effect::Revive];
        }
        self.end(Ending::Refused(failure))
    }

    fn pause(&mut self, now: Millis, wait: Millis) -> Vec<Effect> {
        let until = now.after(wait);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Waiting { until };
        vec![Effect::Wait { until }]
    }

    fn hang_up(&mut self, then: Next) -> Vec<Effect> {
        self.state = State::HangingUp { then };
        vec![Effect::HangUp]
    }

    fn rest(&mut self) -> Vec<Effect> {
        self.state = State::Resting;
        Vec::new()
    }

    fn end(&mut self, why: Ending) -> Vec<Effect> {
        self.state = State::Over;
        vec![Effect::End(why)]
    }
}

#[cfg(test)]
mod tests;
