//! `roost prompt`: one question, its answer.

use std::{
    io::{self, IsTerminal, Read},
    rc::Rc,
};

use clap::{Args, ValueEnum};
use roost_core::{
    ClientId, Envelope, EventType, PromptId, SessionId,
    client::{Accepted, Ending, NewSession, Prompt, PromptOutcome, Vote, routes},
    payload::{PermissionRequest, PermissionResolved, decode},
    session::ApprovalMode,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};

use super::{
    EXIT_STATUS, Exit, RemoteError, TargetArgs,
    ask::{self, Asking, Step},
    follow::{Follow, Told},
    http::Http,
    output::{headline, print_json, remark},
    target::Target,
    teller::{Teller, Voice},
};

/// What `roost prompt` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct PromptArgs {
    /// What to ask; `-` reads it from stdin
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
    /// Ask in this session [default: a new one, named on stderr]
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// What the agent may do without asking: plan, default, auto-edit, auto or yolo
    #[arg(long, value_name = "MODE")]
    mode: Option<ApprovalMode>,
    /// What to say when the agent asks for permission [default: ask at the terminal; without one, never]
    #[arg(long, value_name = "ANSWER")]
    allow: Option<Allow>,
    /// Print the turn's events, one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// What an agent that asks is told unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Allow {
    /// Yes, each time anew
    Once,
    /// No
    Never,
}

pub(super) async fn run(args: PromptArgs) -> Result<Exit, RemoteError> {
    let mut signals = Signals::listen().map_err(RemoteError::Runtime)?;
    let http = Rc::new(Http::to(Target::find(&args.target)?));
    let (text, stdin_is_read) = text(&args.text)?;
    let (session, client) = enter(&http, args.session.as_deref(), args.mode).await?;
    if !args.json {
        remark(&format!("session {session}"));
    }
    let call = routes::prompt(&session, &Prompt::text(text)).by(client.as_ref());
    let accepted = http.call(call).await?;
    let can_ask = !stdin_is_read && !args.json && io::stdin().is_terminal() && io::stderr().is_terminal();
    let mut turn = Turn {
        follow: Follow::new(&http, &session, client.clone(), accepted.cursor()),
        teller: (!args.json).then(|| Teller::new(Voice::Answer)),
        policy: match args.allow {
            Some(allow) => Policy::Fixed(allow),
            None if can_ask => Policy::Person { lines: ask::typed_lines(), open: Vec::new() },
            None => Policy::Nobody,
        },
        missed: false,
        http: Rc::clone(&http),
        session: session.clone(),
        client: client.clone(),
        accepted,
    };
    let end = turn.until_its_end(&mut signals).await;
    drop(turn);
    // Nobody is left in a session that only this command used. That it stays open instead harms nothing.
    let _ = http.call(routes::detach(&session).by(client.as_ref())).await;
    end
}

/// The prompt's text, and whether stdin was read for it.
fn text(words: &[String]) -> Result<(String, bool), RemoteError> {
    let from_stdin = words == ["-"];
    let text = if from_stdin {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map_err(RemoteError::Stdin)?;
        text
    } else {
        words.join(" ")
    };
    if text.trim().is_empty() { Err(RemoteError::EmptyPrompt) } else { Ok((text, from_stdin)) }
}

/// Makes a session, or enters the one that was named.
async fn enter(
    http: &Http,
    named: Option<&str>,
    mode: Option<ApprovalMode>,
) -> Result<(SessionId, Option<ClientId>), RemoteError> {
    let Some(named) = named else {
        let made = http.call(routes::create(&NewSession { approval_mode: mode, ..NewSession::own() })).await?;
        return Ok((made.session_id, made.client_id));
    };
    let session = SessionId::from(named);
    let client = http.call(routes::resume(&session)).await?.session.client_id;
    if let Some(mode) = mode {
        http.call(routes::set_approval_mode(&session, mode, false).by(client.as_ref())).await?;
    }
    Ok((session, client))
}

/// Who answers when the agent asks.
enum Policy {
    Fixed(Allow),
    Nobody,
    /// The person at the terminal, one request after the other.
    Person {
        lines: mpsc::Receiver<String>,
        open: Vec<Asking>,
    },
}

struct Turn {
    http: Rc<Http>,
    session: SessionId,
    client: Option<ClientId>,
    accepted: Accepted,
    follow: Follow,
    /// `None` prints the events instead.
    teller: Option<Teller>,
    policy: Policy,
    /// Events were lost; the turn's end may be among them.
    missed: bool,
}

/// What wakes a turn.
enum Wake {
    Told(Told),
    Typed(Option<String>),
    Signal,
}

impl Turn {
    async fn until_its_end(&mut self, signals: &mut Signals) -> Result<Exit, RemoteError> {
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

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
