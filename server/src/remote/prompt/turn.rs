//! The turn of one prompt, followed to its end: its events are told, its questions answered, and it is cancelled when the user says so.

use std::rc::Rc;

use roost_core::{
    ClientId, Envelope, EventType, PromptId, SessionId,
    client::{Accepted, Ending, PromptOutcome, Vote, routes},
    payload::{PermissionRequest, PermissionResolved, decode},
};
use tokio::sync::mpsc;

use super::{Allow, signals::Signals};
use crate::remote::{
    Exit, RemoteError,
    ask::{self, Asking, Step},
    follow::{Follow, Told},
    http::Http,
    output::{headline, print_json, remark},
    teller::Teller,
};

/// A prompt's turn.
pub(super) struct Turn {
    pub(super) http: Rc<Http>,
    pub(super) session: SessionId,
    pub(super) client: Option<ClientId>,
    pub(super) accepted: Accepted,
    pub(super) follow: Follow,
    /// `None` prints the events instead.
    pub(super) teller: Option<Teller>,
    pub(super) policy: Policy,
    /// Events were lost; the turn's end may be among them.
    pub(super) missed: bool,
}

/// Who answers when the agent asks.
pub(super) enum Policy {
    Fixed(Allow),
    Nobody,
    /// The person at the terminal, one request after the other.
    Person {
        lines: mpsc::Receiver<String>,
        open: Vec<Asking>,
    },
}

/// What wakes a turn.
enum Wake {
    Told(Told),
    Typed(Option<String>),
    Signal,
}

impl Turn {
    pub(super) async fn until_its_end(&mut self, signals: &mut Signals) -> Result<Exit, RemoteError> {
        let mut cancelled = false;
        loop {
            let wake = tokio::select! {
                told = self.follow.next() => Wake::Told(told),
                line = self.policy.typed() => Wake::Typed(line),
                () = signals.next() => Wake::Signal,
            };
            match wake {
                Wake::Told(told) => match self.hear(told).await {
                    Ok(None) => {}
                    Ok(Some(exit)) => return Ok(exit),
                    Err(error @ RemoteError::Output(_)) => {
                        // Nobody reads the answer any more, so nobody needs it.
                        self.cancel().await;
                        return Err(error);
                    }
                    Err(error) => return Err(error),
                },
                Wake::Typed(line) => self.typed(line).await?,
                Wake::Signal if cancelled => return Ok(Exit::Cancelled),
                Wake::Signal => {
                    cancelled = true;
                    self.aside("cancelling; once more to leave at once")?;
                    self.cancel().await;
                }
            }
        }
    }

    /// Answers how the turn ended, once it has.
    async fn hear(&mut self, told: Told) -> Result<Option<Exit>, RemoteError> {
        match told {
            Told::Event(event) => self.event(&event).await,
            Told::Missing(what) => {
                self.missed = true;
                self.aside(&what)?;
                Ok(None)
            }
            Told::Cut => self.aside("the connection is lost; trying again").map(|()| None),
            Told::Back => self.aside("connected again").map(|()| None),
            Told::Over(Ending::Session(kind)) => Err(RemoteError::SessionEnded(kind.as_str().to_owned())),
            Told::Over(Ending::Refused(failure)) if failure.is_unauthorized() => Err(self.http.target().unauthorized()),
            Told::Over(Ending::Refused(failure)) => Err(RemoteError::Refused(Box::new(failure))),
            Told::Over(Ending::Oversize(_)) => Err(RemoteError::Oversize),
        }
    }

    async fn event(&mut self, event: &Envelope) -> Result<Option<Exit>, RemoteError> {
        // A prompt that waits behind others hears theirs, too.
        if event.prompt_id.as_ref().is_some_and(|of| *of != self.accepted.prompt_id) {
            return Ok(None);
        }
        match &mut self.teller {
            Some(teller) => teller.hear(event)?,
            None => print_json(event)?,
        }
        match event.kind {
            EventType::PermissionRequest => self.asked(event).await?,
            EventType::PermissionResolved => self.resolved(event)?,
            EventType::ReplayComplete if self.missed => self.look_for_the_end().await?,
            _ => {}
        }
        let exit = exit_of(event, &self.accepted.prompt_id);
        if exit.is_some()
            && let Some(teller) = &mut self.teller
        {
            teller.end_line()?;
        }
        Ok(exit)
    }

    /// All that is left of the events has been read: a turn whose end is not among them either goes on, or its end is lost.
    async fn look_for_the_end(&mut self) -> Result<(), RemoteError> {
        self.missed = false;
        let pending = self.http.call(routes::pending_prompts(&self.session)).await?.pending_prompts;
        let goes_on = pending.iter().any(|prompt| prompt.prompt_id == self.accepted.prompt_id);
        if goes_on { Ok(()) } else { Err(RemoteError::EndUnknown) }
    }

    async fn asked(&mut self, event: &Envelope) -> Result<(), RemoteError> {
        let Ok(request) = PermissionRequest::parse(&event.data) else { return Ok(()) };
        let title = headline(request.tool_call.title.as_deref().unwrap_or("a call"), 100);
        let vote = match &mut self.policy {
            Policy::Person { open, .. } => {
                open.push(Asking::new(request));
                return if open.len() == 1 { self.show_question() } else { Ok(()) };
            }
            Policy::Fixed(Allow::Once) => ask::allow_once(&request),
            Policy::Fixed(Allow::Never) => None,
            Policy::Nobody => {
                self.aside(&format!("nobody is here to allow it, so it is refused: {title} (see --allow, --mode)"))?;
                None
            }
        };
        let vote = vote.unwrap_or_else(|| ask::refuse(&request));
        self.vote(&request.request_id, &vote).await
    }

    async fn vote(&mut self, request: &roost_core::RequestId, vote: &Vote) -> Result<(), RemoteError> {
        match self.http.call(routes::vote(&self.session, request, vote).by(self.client.as_ref())).await {
            Ok(_) => Ok(()),
            // Somebody else was quicker.
            Err(RemoteError::Refused(failure)) if failure.is_missing() => Ok(()),
            Err(RemoteError::Refused(failure)) => self.aside(&format!("the vote was refused: {failure}")),
            Err(error) => Err(error),
        }
    }

    /// Somebody answered, here or elsewhere.
    fn resolved(&mut self, event: &Envelope) -> Result<(), RemoteError> {
        let Ok(resolved) = decode::<PermissionResolved>("permission_resolved", &event.data) else { return Ok(()) };
        let Policy::Person { open, .. } = &mut self.policy else { return Ok(()) };
        let Some(at) = open.iter().position(|asking| *asking.request_id() == resolved.request_id) else {
            return Ok(());
        };
        open.remove(at);
        if at > 0 {
            return Ok(());
        }
        self.aside("answered elsewhere")?;
        self.show_question()
    }

    async fn typed(&mut self, line: Option<String>) -> Result<(), RemoteError> {
        let Policy::Person { open, .. } = &mut self.policy else { return Ok(()) };
        let Some(line) = line else {
            // Nobody will type any more.
            let open: Vec<Asking> = std::mem::take(open);
            self.policy = Policy::Nobody;
            for asking in open {
                self.vote(asking.request_id(), &Vote::cancel()).await?;
            }
            return Ok(());
        };
        let Some(asking) = open.first_mut() else { return Ok(()) };
        if let Step::Vote(vote) = asking.answer(&line) {
            let asking = open.remove(0);
            self.vote(asking.request_id(), &vote).await?;
        }
        self.show_question()
    }

    fn show_question(&mut self) -> Result<(), RemoteError> {
        let Policy::Person { open, .. } = &self.policy else { return Ok(()) };
        let question = open.first().map(Asking::text);
        question.map_or(Ok(()), |text| self.aside(&text))
    }

    /// Asks for the end of this turn, or takes it out of the queue; the stream tells what comes of it.
    async fn cancel(&self) {
        let call = routes::remove_pending(&self.session, &self.accepted.prompt_id).by(self.client.as_ref());
        if let Err(error) = self.http.call(call).await {
            remark(&format!("roost: {error}"));
        }
    }

    fn aside(&mut self, line: &str) -> Result<(), RemoteError> {
        match &mut self.teller {
            Some(teller) => teller.aside(line),
            None => {
                remark(line);
                Ok(())
            }
        }
    }
}

impl Policy {
    /// The next line typed by a person who has been asked; never, where nobody has.
    async fn typed(&mut self) -> Option<String> {
        match self {
            Self::Person { lines, open } if !open.is_empty() => lines.recv().await,
            Self::Person { .. } | Self::Fixed(_) | Self::Nobody => std::future::pending().await,
        }
    }
}

/// How the prompt ended, if this event is its end.
fn exit_of(event: &Envelope, prompt: &PromptId) -> Option<Exit> {
    let exit = match PromptOutcome::of(event, prompt)? {
        PromptOutcome::Failed(_) => Exit::Failed,
        PromptOutcome::Complete(end) => match &*end.stop_reason {
            "end_turn" => Exit::Done,
            "cancelled" => Exit::Cancelled,
            cut_short => {
                remark(&format!("roost: the answer ends early: {cut_short}"));
                Exit::Failed
            }
        },
    };
    Some(exit)
}
