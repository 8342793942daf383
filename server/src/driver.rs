//! One loop a session: wait, let the machine decide, perform.
//!
//! The driver owns what only one may touch: the journal, the way to the agent, the order of effects. What happened first is
//! performed first; what a client is told is on disk before, and the agent gets to work when it has been told: on few cores the disk, the
//! answer and the agent are quicker one after the other. Subscribers are woken once a batch, after its events are in the journal, so
//! nobody has seen what a restarted daemon does not know.
//!
//! An idle session is a task that sleeps: no timers but those the machine asked for.

mod agent_link;
mod live;
mod perform;
mod recorder;
mod shell_run;
mod stream;
mod told;

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use futures_util::future::OptionFuture;
use roost_core::{
    ClientId, Millis, PromptId,
    bus::Bus,
    session::{AgentInput, AgentState, Answer, Command, Effect, Input, Session, Ticket},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

pub use self::{
    agent_link::{AgentLink, NoAgent},
    live::{LiveSession, Phase, Source},
    stream::{EventStream, Subscription},
    told::Told,
};
use self::{
    recorder::{Health, Recorder},
    told::Owed,
};
use crate::{
    child::FromAgent,
    clock,
    store::{Journal, Meta, Project},
    tally::Tally,
};

/// What a driver is asked to do.
#[derive(Debug)]
enum Order {
    Command {
        client: Option<ClientId>,
        command: Command,
        answered: oneshot::Sender<Owed>,
    },
    Input(Input),
    /// A command line of a client's, to be stopped when `gone` resolves.
    Shell {
        client: Option<ClientId>,
        line: ShellLine,
        answered: oneshot::Sender<Owed>,
        gone: oneshot::Receiver<()>,
    },
    /// The agent has opened the session; where it did so afresh, why it had to.
    Link(AgentLink, Box<AgentState>, Option<Box<str>>),
    /// The agent could not open it.
    NoLink(NoAgent),
    /// Where the journal stands; everything up to there can be read from it.
    Sample(oneshot::Sender<Sample>),
}

/// A command line, where it is run, and how long it may take.
#[derive(Clone, Debug)]
pub struct ShellLine {
    pub command: Box<str>,
    pub cwd: Box<str>,
    pub patience: Duration,
}

/// A place in a session's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub last_event_id: u64,
    /// Events up to this one belong to turns that have ended.
    pub folded_until: u64,
}

/// An answer, and what the stream's cursor was when the command came (P6).
#[derive(Debug)]
pub struct Answered {
    pub answer: Answer,
    pub last_event_id: u64,
}

/// What a driver starts from.
#[derive(Debug)]
pub struct Beginning {
    pub project: Project,
    pub meta: Meta,
    pub journal: Journal,
    pub open_prompts: BTreeSet<PromptId>,
    pub bus: Bus,
    pub machine: Session,
    /// What restoring the machine asks for.
    pub effects: Vec<Effect>,
    pub link: Option<(AgentLink, AgentState)>,
    /// Where `settings.json` is.
    pub settings: PathBuf,
    /// Counts what happens, for the whole daemon.
    pub tally: Tally,
}

impl LiveSession {
    /// The session, and its driver, which has to be run to its end.
    pub fn begin(beginning: Beginning) -> (Arc<Self>, impl Future<Output = ()> + Send + use<>) {
        let Beginning { project, meta, journal, open_prompts, bus, machine, effects, link, settings, tally } =
            beginning;
        let (inbox, orders) = mpsc::channel(MAX_WAITING_ORDERS);
        let (folded_until, stall_grace) = (bus.last_event_id(), bus.limits().stall_grace);
        let remembered_state = meta.agent_state.clone().map(|state| Arc::new(machine.as_it_stands(state)));
        let live = Arc::new(Self {
            id: meta.session_id.clone(),
            cwd: Path::new(&meta.cwd).into(),
            created_at: meta.created_at,
            source: Source { kind: meta.source_type.clone(), id: meta.source_id.clone() },
            stream: Arc::new(EventStream::new(bus, tally)),
            machine: Mutex::new(machine),
            inbox,
            journal: journal.path().to_owned(),
            no_agent: OnceLock::new(),
            recording_degraded: AtomicBool::new(false),
            died: AtomicBool::new(false),
            remembered_state,
            state_json: Mutex::default(),
            phase: watch::Sender::new(Phase::Opening),
        });
        let driver = Driver {
            compact_at_bytes: perform::compaction_threshold(journal.bytes()),
            active_at: journal.active_at(),
            stamped_bytes: journal.bytes(),
            recorder: Recorder::new(journal, open_prompts),
            heeded: Health::Well,
            live: Arc::clone(&live),
            project,
            meta,
            orders,
            link: None,
            fresh_name: None,
            awaiting: HashMap::new(),
            leaving: HashMap::new(),
            shells: HashMap::new(),
            next_ticket: 0,
            wake_at: None,
            sweep_at: None,
            held_back_until: None,
            stall_grace,
            folded_until,
            turn_ended: false,
            woken: false,
            meta_changed: false,
            was_killed: false,
            settings,
        };
        (live, driver.run(effects, link))
    }
}

/// See the [module](self).
struct Driver {
    live: Arc<LiveSession>,
    project: Project,
    meta: Meta,
    recorder: Recorder,
    /// How the recorder was when it was last looked at.
    heeded: Health,
    orders: mpsc::Receiver<Order>,
    link: Option<AgentLink>,
    /// The agent's name for the session it opened afresh, as long as nothing was asked under it: until then the name it had may yet
    /// lead to what was said before.
    fresh_name: Option<Option<String>>,
    awaiting: HashMap<Ticket, (oneshot::Sender<Owed>, u64)>,
    /// What a command line about to be started is to watch: how long it may take, and its client's leaving.
    leaving: HashMap<Ticket, (Duration, oneshot::Receiver<()>)>,
    /// Dropping one stops that command line.
    shells: HashMap<Ticket, oneshot::Sender<()>>,
    next_ticket: u64,
    wake_at: Option<Millis>,
    /// When to look for readers that stopped, although nothing is published.
    sweep_at: Option<Instant>,
    /// The agent is not read before this moment, unless a slow reader catches up.
    held_back_until: Option<Instant>,
    stall_grace: Millis,
    /// Events up to this one belong to turns that have ended.
    folded_until: u64,
    compact_at_bytes: u64,
    /// When a prompt was last open, and how long the journal was when its time was last looked at.
    active_at: SystemTime,
    stamped_bytes: u64,
    /// A turn has ended in the batch at hand.
    turn_ended: bool,
    /// Something was published that subscribers have not been told of.
    woken: bool,
    /// `meta` is newer than its file.
    meta_changed: bool,
    /// It was ended from outside, and not by a client that closed it.
    was_killed: bool,
    /// The user's settings file.
    settings: PathBuf,
}

enum Flow {
    GoOn,
    Retire,
}

/// What an agent that opened a session knows of it.
enum Memory {
    Whole,
    /// It opened it afresh, although something was said before.
    Lost,
}

/// Orders that may wait; whoever gives one more waits with it.
const MAX_WAITING_ORDERS: usize = 64;

impl Driver {
    async fn run(mut self, effects: Vec<Effect>, link: Option<(AgentLink, AgentState)>) {
        let mut flow = self.perform(effects).await;
        if let (Flow::GoOn, Some((link, state))) = (&flow, link) {
            flow = self.connect(link, state, Memory::Whole).await;
        }
        let mut orders = Vec::new();
        while matches!(flow, Flow::GoOn) {
            let alarm = self.alarm();
            let is_due = alarm.is_some_and(|at| at <= Instant::now());
            let held_back = self.held_back_until.is_some();
            let (from_agent, crowded) = match &mut self.link {
                Some(link) if held_back => (None, Some(link.crowded())),
                Some(link) => (Some(link.receive()), None),
                None => (None, None),
            };
            flow = tokio::select! {
                biased;
                // What is due does not wait until an agent that talks on and on draws breath.
                () = std::future::ready(()), if is_due => self.alarmed().await,
                taken = self.orders.recv_many(&mut orders, MAX_WAITING_ORDERS) => match taken {
                    0 => Flow::Retire,
                    _ => self.obey(std::mem::take(&mut orders)).await,
                },
                count = self.live.stream.subscribers_changed() => self.happen(Input::Subscribers(count)).await,
                Some(batch) = OptionFuture::from(from_agent) => self.hear(batch).await,
                () = self.live.stream.progress(), if held_back => self.ease(),
                Some(()) = OptionFuture::from(crowded) => self.give_way().await,
                () = until(alarm) => self.alarmed().await,
            };
        }
        self.retire().await;
    }

    /// The next moment at which something is due by the clock.
    fn alarm(&self) -> Option<Instant> {
        let woken = self.wake_at.map(|at| Instant::now() + Duration::from_millis(at.since(clock::now()).0));
        [woken, self.sweep_at, self.held_back_until].into_iter().flatten().min()
    }

    async fn alarmed(&mut self) -> Flow {
        let now = Instant::now();
        if self.sweep_at.is_some_and(|at| at <= now) {
            self.sweep_at = None;
            self.sweep();
        }
        if self.held_back_until.is_some_and(|at| at <= now) {
            self.ease();
        }
        match self.wake_at {
            Some(at) if at <= clock::now() => {
                self.wake_at = None;
                self.happen(Input::Tick).await
            }
            Some(_) | None => Flow::GoOn,
        }
    }

    async fn obey(&mut self, orders: Vec<Order>) -> Flow {
        for order in orders {
            let flow = match order {
                Order::Command { client, command, answered } => {
                    let ticket = self.ticket(answered);
                    if matches!(command, Command::Close) {
                        self.recorder.secure().await;
                        self.heed_recorder();
                    }
                    self.happen(Input::Command { ticket, client, command }).await
                }
                Order::Input(input) => {
                    self.was_killed |= matches!(input, Input::Kill { .. });
                    if matches!(input, Input::Reap) && self.heeded == Health::Behind {
                        self.recorder.bind();
                        self.commit().await;
                    }
                    self.happen(input).await
                }
                Order::Shell { client, line, answered, gone } => {
                    let ticket = self.ticket(answered);
                    self.leaving.insert(ticket, (line.patience, gone));
                    let command = Command::Shell { command: line.command, cwd: line.cwd };
                    let flow = self.happen(Input::Command { ticket, client, command }).await;
                    self.leaving.remove(&ticket);
                    flow
                }
                Order::Link(link, state, forgot) => {
                    let (known, memory) = match forgot {
                        Some(why) => (self.happen(Input::Agent(AgentInput::Forgot { why })).await, Memory::Lost),
                        None => (Flow::GoOn, Memory::Whole),
                    };
                    match known {
                        Flow::GoOn => self.connect(link, *state, memory).await,
                        Flow::Retire => known,
                    }
                }
                Order::NoLink(no_agent) => {
                    let loss = no_agent.loss();
                    // Nobody else sets it.
                    let _ = self.live.no_agent.set(no_agent);
                    self.hear(vec![FromAgent::Lost(loss)]).await
                }
                Order::Sample(sampled) => {
                    // Whoever asked may have given up.
                    let _ = sampled.send(self.sample());
                    Flow::GoOn
                }
            };
            if matches!(flow, Flow::Retire) {
                return flow;
            }
        }
        self.take_fresh_name().await;
        Flow::GoOn
    }

    /// Once something was asked, the name under which it was is the session's.
    async fn take_fresh_name(&mut self) {
        if self.fresh_name.is_some() && self.live.machine().forgotten().is_none() {
            self.meta.agent_session_id = self.fresh_name.take().flatten();
            self.write_meta().await;
        }
    }

    /// A number for a command, by which its answer finds back.
    fn ticket(&mut self, answered: oneshot::Sender<Owed>) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let last_event_id = self.live.stream.bus().last_event_id();
        self.awaiting.insert(ticket, (answered, last_event_id));
        ticket
    }

    /// The machine decides on everything a batch brought before anything of it is performed: one write, one wake.
    async fn hear(&mut self, batch: Vec<FromAgent>) -> Flow {
        let now = clock::now();
        let mut effects = Vec::new();
        {
            let mut machine = self.live.machine();
            for message in batch {
                if matches!(message, FromAgent::Lost(_)) {
                    self.live.died.store(true, Ordering::Relaxed);
                }
                if let Some(input) = agent_link::input(self.link.as_ref(), message) {
                    effects.append(&mut machine.handle(now, Input::Agent(input)));
                }
            }
        }
        let flow = self.perform(effects).await;
        self.hold_back_if_needed(now);
        flow
    }

    async fn connect(&mut self, mut link: AgentLink, state: AgentState, memory: Memory) -> Flow {
        let name = link.renamed().map(str::to_owned);
        let kept = match memory {
            Memory::Whole => name,
            Memory::Lost => {
                self.fresh_name = Some(name);
                self.meta.agent_session_id.clone()
            }
        };
        if self.meta.agent_session_id != kept || self.meta.agent_state.as_ref() != Some(&state) {
            self.meta.agent_session_id = kept;
            self.meta.agent_state = Some(state.clone());
            self.write_meta().await;
        }
        let early = link.take_early();
        self.link = Some(link);
        let flow = match self.hear(early).await {
            Flow::GoOn => self.happen(Input::Agent(AgentInput::Ready(state))).await,
            Flow::Retire => Flow::Retire,
        };
        self.take_fresh_name().await;
        self.live.phase.send_replace(Phase::Ready);
        flow
    }

    async fn happen(&mut self, input: Input) -> Flow {
        let effects = self.live.machine().handle(clock::now(), input);
        self.perform(effects).await
    }

    fn sweep(&mut self) {
        let evicted = self.live.stream.bus().sweep(clock::now());
        if !evicted.is_empty() {
            self.live.stream.ring();
        }
    }

    /// A reader that is about to fall behind the ring, and does read, is waited for.
    fn hold_back_if_needed(&mut self, now: Millis) {
        let pressure = self.live.stream.pressure(now);
        self.held_back_until = pressure.map(|most| Instant::now() + Duration::from_millis(most.0));
    }

    /// Readers are waited for at the expense of this session, not of the others that its agent serves.
    async fn give_way(&mut self) -> Flow {
        match self.link.as_mut().and_then(AgentLink::heard) {
            Some(batch) => self.hear(batch).await,
            None => {
                // Whoever waits is about to be let in.
                tokio::task::yield_now().await;
                Flow::GoOn
            }
        }
    }

    fn ease(&mut self) -> Flow {
        self.hold_back_if_needed(clock::now());
        Flow::GoOn
    }

    fn sample(&self) -> Sample {
        Sample { last_event_id: self.live.stream.bus().last_event_id(), folded_until: self.folded_until }
    }

    async fn retire(mut self) {
        self.recorder.bind();
        self.commit().await;
        self.recorder.close();
        self.recorder.journal().set_active_at(self.active_at);
        self.meta.closed = self.heeded == Health::Well;
        self.write_meta().await;
        self.live.stream.end();
        self.orders.close();
        // Where the session is ended from outside, its agent mostly is, too.
        if let Some(link) = self.link.take().filter(|_| !self.was_killed) {
            link.leave().await;
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
