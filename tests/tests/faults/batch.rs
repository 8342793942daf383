//! A batch of runs that share a daemon, which is killed while they go on, and so is its agent.

use std::{fmt, ops::AddAssign, time::Duration};

use anyhow::Context;
use fastrand::Rng;
use roost_tests::{
    daemon::{Daemon, Setup},
    deadline, processes,
};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    cast::Cast,
    history::Record,
    laws,
    run::{Place, run},
};

/// How long a run may take at the most, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);
/// Runs that share a daemon.
pub(crate) const BATCH: usize = 25;
/// A ring so short that cursors are lost from it.
const SHORT_RING: &str = "24";

/// The runs `seed`, `seed + 1`, …
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    pub(crate) seed: u64,
    pub(crate) runs: usize,
}

/// What went on, so that a reader of the log sees that something did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    runs: usize,
    kills: usize,
    agents_killed: usize,
    connections: usize,
    resyncs: usize,
    prompts: usize,
    votes: usize,
}

impl Batch {
    /// Which laws were broken, in words.
    pub(crate) async fn run(self) -> anyhow::Result<(Tally, Vec<String>)> {
        let mut rng = Rng::with_seed(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let ring_is_whole = rng.u8(0..4) > 0;
        let cast = Cast::draw(&mut rng).await?;
        let mut setup = cast.play(Setup::new())?.arg("--max-sessions").arg("0");
        if !ring_is_whole {
            setup = setup.arg("--event-ring-size").arg(SHORT_RING);
        }
        let mut daemon = setup.start().await?;
        let place = Place::of(&daemon, ring_is_whole, cast.speaker());
        let mut runs = JoinSet::new();
        for nth in 0..self.runs {
            let seed = self.seed + nth as u64;
            runs.spawn(async move {
                let ended = timeout(PATIENCE, run(place, seed)).await.context("it never came to an end");
                (seed, ended.flatten())
            });
        }
        let mut tally = Tally { runs: self.runs, ..Tally::default() };
        let mut broken = Vec::new();
        let mut kills = rng.usize(1..=6);
        while !runs.is_empty() {
            let pause = Duration::from_millis(rng.u64(50..1_200));
            tokio::select! {
                Some(ended) = runs.join_next() => {
                    let (seed, ended) = ended?;
                    broken.extend(self.judge(seed, ended, &mut tally));
                }
                () = deadline::pass(pause), if kills > 0 => {
                    kills -= 1;
                    if rng.u8(0..3) == 0 {
                        tally.agents_killed += usize::from(kill_the_agent(&daemon)?);
                    } else {
                        tally.kills += 1;
                        kill(&mut daemon).await?;
                    }
                }
            }
        }
        if !broken.is_empty() && std::env::var_os("ROOST_FAULT_LOG").is_some() {
            eprintln!("{}", daemon.log());
        }
        Ok((tally, broken))
    }

    fn judge(self, seed: u64, ended: anyhow::Result<Record>, tally: &mut Tally) -> Option<String> {
        let again = format!("ROOST_FAULT_SEED={} ROOST_FAULT_RUNS={}", self.seed, self.runs);
        match ended {
            Ok(record) => {
                *tally += &record;
                let found = laws::check(&record);
                (!found.is_empty()).then(|| format!("run {seed} ({again}):\n  {}", found.join("\n  ")))
            }
            Err(error) => Some(format!("run {seed} ({again}): {error:#}")),
        }
    }
}

async fn kill(daemon: &mut Daemon) -> anyhow::Result<()> {
    daemon.kill()?;
    daemon.start_again().await
}

/// False when there is none at the moment.
fn kill_the_agent(daemon: &Daemon) -> anyhow::Result<bool> {
    let agents = daemon.agents()?;
    agents.iter().for_each(|&pid| processes::kill(pid));
    Ok(!agents.is_empty())
}

impl AddAssign<&Record> for Tally {
    fn add_assign(&mut self, record: &Record) {
        self.connections += record.readers.iter().map(|reader| reader.connections.len()).sum::<usize>();
        let stretches = record.readers.iter().flat_map(|reader| &reader.stretches);
        self.resyncs += stretches.filter(|stretch| stretch.resync.is_some()).count();
        self.prompts += record.asked.iter().filter(|asked| asked.acknowledged.is_some()).count();
        self.votes += record.votes.len();
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.kills += other.kills;
        self.agents_killed += other.agents_killed;
        self.connections += other.connections;
        self.resyncs += other.resyncs;
        self.prompts += other.prompts;
        self.votes += other.votes;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, kills, agents_killed, connections, resyncs, prompts, votes } = self;
        write!(f, "{runs} runs, {kills} daemons and {agents_killed} agents killed, {connections} streams, ")?;
        write!(f, "{resyncs} resyncs, {prompts} prompts and {votes} votes acknowledged")
    }
}
