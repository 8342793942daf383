//! One run: a session, those who read it, those who use it, a bad line, and the account at the end.

use std::time::Duration;

use anyhow::Context;
use fastrand::Rng;
use roost_core::{
    PromptId, SessionId,
    client::{NewSession, routes},
};
use roost_tests::{bad_line::BadLine, daemon::Daemon, deadline};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};

use crate::{
    cast::Speaker,
    history::Record,
    person::{Person, Voter},
    subscriber::{EARSHOT, Subscriber, load},
    wire::{Failed, Wire},
};

/// Once nothing happens to the lines any more, everybody arrives within this.
const PATIENCE: Duration = deadline::PATIENCE;

/// What a run needs to know of its daemon, which may be dead at the moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) daemon: std::net::SocketAddr,
    pub(crate) ring_is_whole: bool,
    pub(crate) speaker: Speaker,
}

impl Place {
    pub(crate) fn of(daemon: &Daemon, ring_is_whole: bool, speaker: Speaker) -> Self {
        Self { daemon: daemon.address(), ring_is_whole, speaker }
    }
}

pub(crate) async fn run(place: Place, seed: u64) -> anyhow::Result<Record> {
    let mut rng = Rng::with_seed(seed);
    let line = BadLine::start(place.daemon, rng.u64(..)).await?;
    let direct = Wire { line: place.daemon, host: place.daemon };
    let wire = Wire { line: line.address(), host: place.daemon };
    let session = create(&direct).await?;
    let (finish, finished) = watch::channel(None);
    let (mut readers, mut voters) = (JoinSet::new(), JoinSet::new());

    let (tell, heard) = mpsc::channel(EARSHOT);
    let first = Subscriber::from_the_beginning(wire, &session, rng.fork(), tell);
    readers.spawn(first.read(finished.clone()));
    let person = Person::new(Voter::new(wire, &session, rng.fork(), heard), place.speaker);
    for _ in 1..rng.usize(1..=3) {
        let (tell, heard) = mpsc::channel(EARSHOT);
        let (rng, finished, name) = (rng.fork(), finished.clone(), session.clone());
        readers.spawn(async move { Subscriber::from_a_load(wire, &name, rng, tell).await?.read(finished).await });
        voters.spawn(Voter::new(wire, &session, Rng::with_seed(seed ^ 0xff), heard).vote_to_the_end());
    }

    let acted = person.act(&format!("run-{seed}"), rng.usize(2..=5)).await;
    if let (Err(_), Some(ended)) = (&acted, readers.try_join_next()) {
        ended?.context("a reader gave up")?;
    }
    let (mut asked, voter) = acted?;
    voters.spawn(voter.vote_to_the_end());
    line.calm();
    until_nothing_is_pending(&direct, &session).await?;
    let last = load(&direct, &session).await?;
    for asked in &mut asked {
        if let Some(prompt) = &asked.acknowledged {
            asked.state = turn_state(&direct, &session, prompt).await?;
        }
    }
    finish.send(Some(last.cursor()))?;
    let read = timeout(PATIENCE, async {
        let mut read = Vec::new();
        while let Some(reader) = readers.join_next().await {
            read.push(reader??);
        }
        anyhow::Ok(read)
    });
    let readers =
        read.await.with_context(|| format!("not every reader of {session} arrived at {:?}", last.cursor()))??;
    let mut votes = Vec::new();
    while let Some(voted) = voters.join_next().await {
        votes.extend(voted??);
    }
    Ok(Record { ring_is_whole: place.ring_is_whole, readers, asked, votes, last })
}

async fn create(wire: &Wire) -> anyhow::Result<SessionId> {
    loop {
        match wire.call(&routes::create(&NewSession::own())).await? {
            Ok(made) => return Ok(made.session_id),
            Err(Failed::Lost) => {}
            Err(Failed::Refused(refused)) if refused.is_passing() => {}
            Err(Failed::Refused(refused)) => anyhow::bail!("no session can be made: {refused:?}"),
        }
        deadline::pass(Duration::from_millis(50)).await;
    }
}

/// How a turn stands, from a daemon that may be down at the moment.
async fn turn_state(wire: &Wire, session: &SessionId, prompt: &PromptId) -> anyhow::Result<Option<String>> {
    let mut state = None;
    for _ in 0..3 {
        state = wire.turn_state(session, prompt).await;
        if state.is_some() {
            break;
        }
        load(wire, session).await?;
    }
    Ok(state)
}

/// Prompts whose acknowledgement was lost may still be under way.
async fn until_nothing_is_pending(wire: &Wire, session: &SessionId) -> anyhow::Result<()> {
    let quiet = async {
        loop {
            match wire.call(&routes::pending_prompts(session)).await? {
                Ok(pending) if pending.pending_prompts.is_empty() => return Ok(()),
                Ok(_) | Err(Failed::Lost) => {}
                // The daemon was killed meanwhile: a load wakes the session.
                Err(Failed::Refused(_)) => drop(load(wire, session).await?),
            }
            deadline::pass(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, quiet).await.context("prompts are pending for ever")?
}
