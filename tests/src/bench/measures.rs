//! What is measured, one function a mechanism. Each leaves its figures in the column; a failure there is a finding too.

use std::{future::Future, path::Path, time::Duration, time::Instant};

use anyhow::Context;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    connection::{Connection, Door},
    contestant::{Contestant, Running},
    disk,
    latency::Latencies,
    load::{Model, Size},
    reading::Reading,
    report::Column,
};

/// Longest that one mechanism may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// What a process may still do after an answer before its memory is read.
pub(super) const SETTLE: Duration = Duration::from_millis(500);

/// Something that is measured by itself. The start of every contestant is measured in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    Memory,
    Sessions,
    Turns,
    Stream,
    FanOut,
    Replay,
    Reads,
    Load,
    IdleStreams,
}

impl Mechanism {
    pub const ALL: [Self; 9] = [
        Self::Memory,
        Self::Sessions,
        Self::Turns,
        Self::Stream,
        Self::FanOut,
        Self::Replay,
        Self::Reads,
        Self::Load,
        Self::IdleStreams,
    ];

    /// What it is called on the command line and in failures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sessions => "sessions",
            Self::Turns => "turns",
            Self::Stream => "stream",
            Self::FanOut => "fan-out",
            Self::Replay => "replay",
            Self::Reads => "reads",
            Self::Load => "load",
            Self::IdleStreams => "idle-streams",
        }
    }
}

/// A contestant, what it has reached, and its process while it is up.
struct Lane<'a> {
    contestant: &'a Contestant,
    column: Column,
    running: Option<Running>,
}

/// Measures every contestant. They take turns at each mechanism, so that noise of the machine meets all alike.
pub(super) fn columns(contestants: &[Contestant], size: &Size, only: Option<Mechanism>) -> anyhow::Result<Vec<Column>> {
    // The client has as many threads as the machine has cores, as a browser and an editor together would.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Where times of single answers are taken it has one: a hop between its own threads would pass for the server's.
    let one_thread = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let model = Model::start()?;
    let mut lanes: Vec<Lane<'_>> = contestants
        .iter()
        .map(|contestant| Lane { contestant, column: Column::new(contestant.name), running: None })
        .collect();
    runtime.block_on(async {
        for lane in &mut lanes {
            let contestant = lane.contestant;
            attempt(&mut lane.column, "start", async |column| {
                if let Some(binary) = &contestant.binary {
                    column.set("binary", file_megabytes(binary)?);
                }
                boot(column, contestant, &model, size).await?;
                let mut running = contestant.start(&model.base_url)?;
                running.healthy().await?;
                lane.running = Some(running);
                Ok(())
            })
            .await;
        }
    });
    let by_clock = [Mechanism::Sessions, Mechanism::Turns];
    for mechanism in Mechanism::ALL.into_iter().filter(|mechanism| only.is_none_or(|only| only == *mechanism)) {
        let client = if by_clock.contains(&mechanism) { &one_thread } else { &runtime };
        let rounds = if mechanism == Mechanism::Reads { size.reading_rounds } else { 1 };
        for _ in 0..rounds {
            client.block_on(each(&mut lanes, &model, size, mechanism));
        }
    }
    Ok(lanes.into_iter().map(|lane| lane.column).collect())
}

/// Has each contestant that is up do one thing.
async fn each(lanes: &mut [Lane<'_>], model: &Model, size: &Size, mechanism: Mechanism) {
    for lane in lanes {
        let Some(running) = &lane.running else { continue };
        let bench = Bench { running, model, size, is_floor: lane.contestant.name == "floor" };
        attempt(&mut lane.column, mechanism.name(), async |column| bench.measure(mechanism, column).await).await;
    }
}

/// Runs one mechanism. A contestant that fails at it keeps the figures of the others.
async fn attempt(column: &mut Column, what: &str, measure: impl AsyncFnOnce(&mut Column) -> anyhow::Result<()>) {
    let outcome = within(measure(column)).await;
    if let Err(error) = outcome {
        column.failures.push(format!("{what}: {error:#}"));
    }
}

async fn within(measure: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::time::timeout(PATIENCE, measure).await.with_context(|| format!("not done after {PATIENCE:?}"))?
}

fn file_megabytes(path: &Path) -> anyhow::Result<f64> {
    Ok(path.metadata().with_context(|| format!("cannot read {}", path.display()))?.len() as f64 / 1e6)
}

async fn boot(column: &mut Column, contestant: &Contestant, model: &Model, size: &Size) -> anyhow::Result<()> {
    let (mut healthy, mut ready) = (Latencies::default(), Latencies::default());
    for _ in 0..size.boots {
        let mut running = contestant.start(&model.base_url)?;
        healthy.push(running.healthy().await?);
        running.door.connect().await?.new_session().await?;
        ready.push(running.started.elapsed());
    }
    column.set("boot_health", healthy.p50_ms());
    column.set("boot_session", ready.p50_ms());
    Ok(())
}

/// What came of streaming a turn.
#[derive(Debug, Default)]
struct Delivered {
    words_per_second: f64,
    /// Numbered frames of every kind count, the prompt's echo and the end among them.
    words_per_frame: f64,
    cpu_seconds_per_word: f64,
}

/// A contestant that is up, and what is asked of it.
pub(super) struct Bench<'a> {
    pub(super) running: &'a Running,
    model: &'a Model,
    pub(super) size: &'a Size,
    /// The floor has to be told beforehand how long a turn will be, and stands for what the machine can do.
    is_floor: bool,
}

impl Bench<'_> {
    async fn measure(&self, mechanism: Mechanism, column: &mut Column) -> anyhow::Result<()> {
        match mechanism {
            Mechanism::Memory => self.memory(column).await,
            Mechanism::Sessions => self.sessions(column).await,
            Mechanism::Turns => self.turns(column).await,
            Mechanism::Stream => self.stream(column).await,
            Mechanism::FanOut => self.fan_out(column).await,
            Mechanism::Replay => self.replay(column).await,
            Mechanism::Reads => self.reads(column).await,
            Mechanism::Load => self.memory_under_load(column).await,
            Mechanism::IdleStreams => self.idle_streams(column).await,
        }
    }

    pub(super) fn door(&self) -> &Door {
        &self.running.door
    }

    /// Every turn from now on has this many words.
    pub(super) async fn say(&self, words: u64, chunks_per_packet: u64) -> anyhow::Result<()> {
        self.model.say(words, chunks_per_packet);
        if self.is_floor {
            self.door().connect().await?.put(&format!("/words/{words}")).await?;
        }
        Ok(())
    }

    pub(super) async fn prompted(&self, connection: &mut Connection, session: &str) -> anyhow::Result<Instant> {
        connection.post(&format!("/session/{session}/prompt"), &question()).await?;
        Ok(Instant::now())
    }

    async fn memory(&self, column: &mut Column) -> anyhow::Result<()> {
        tokio::time::sleep(SETTLE).await;
        column.set("memory_boot", self.running.memory() / 1e6);
        // The first session starts the agent, which is not what a further one costs.
        let mut connection = self.door().connect().await?;
        let mut sessions = vec![connection.new_session().await?];
        tokio::time::sleep(SETTLE).await;
        let before = self.running.memory();
        for _ in 0..self.size.idle_sessions {
            sessions.push(connection.new_session().await?);
        }
        tokio::time::sleep(SETTLE).await;
        column.set("memory_session", (self.running.memory() - before) / 1e3 / self.size.idle_sessions as f64);
        for session in sessions {
            connection.delete(&format!("/session/{session}")).await?;
        }
        Ok(())
    }

    async fn sessions(&self, column: &mut Column) -> anyhow::Result<()> {
        let mut connection = self.door().connect().await?;
        let first = connection.new_session().await?;
        let mut created = Latencies::default();
        for _ in 0..self.size.sessions {
            let asked = Instant::now();
            let session = connection.new_session().await?;
            created.push(asked.elapsed());
            connection.delete(&format!("/session/{session}")).await?;
        }
        connection.delete(&format!("/session/{first}")).await?;
        column.set("session_create", created.p50_ms());
        Ok(())
    }

    async fn turns(&self, column: &mut Column) -> anyhow::Result<()> {
        if self.is_floor {
            column.set("disk_sync", disk::sync_p50_ms()?);
        }
        self.say(1, 64).await?;
        let mut connection = self.door().connect().await?;
        let session = connection.new_session().await?;
        let mut reading = Reading::new(self.door().events(&session, None).await?);
        let (mut accepted, mut first_word, mut turn) = <(Latencies, Latencies, Latencies)>::default();
        let warm_up = self.size.turns.div_ceil(10);
        for round in 0..self.size.turns + warm_up {
            let (words, turns) = (reading.tally.words, reading.tally.turns_ended);
            let asked = Instant::now();
            let (prompted, word) =
                tokio::join!(self.prompted(&mut connection, &session), reading.until(|tally| tally.words > words));
            let ended = reading.until(|tally| tally.turns_ended > turns).await?;
            if round >= warm_up {
                accepted.push(prompted? - asked);
                first_word.push(word? - asked);
                turn.push(ended - asked);
            }
        }
        column.set("prompt_accepted", accepted.p50_ms());
        column.set("first_word_p50", first_word.p50_ms());
        column.set("first_word_p99", first_word.p99_ms());
        column.set("one_word_turn", turn.p50_ms());
        connection.delete(&format!("/session/{session}")).await?;
        Ok(())
    }

    async fn stream(&self, column: &mut Column) -> anyhow::Result<()> {
        let words = self.size.streamed_words;
        let delivered = self.stream_to(1, words).await?;
        column.set("stream_words", delivered.words_per_second);
        column.set("stream_joined", delivered.words_per_frame);
        column.set("stream_cpu", delivered.cpu_seconds_per_word * 1e6);
        Ok(())
    }

    async fn fan_out(&self, column: &mut Column) -> anyhow::Result<()> {
        let delivered = self.stream_to(self.size.subscribers, self.size.fanned_out_words).await?;
        column.set("fan_out_words", delivered.words_per_second);
        column.set("fan_out_joined", delivered.words_per_frame);
        column.set("fan_out_cpu", delivered.cpu_seconds_per_word * 1e6);
        Ok(())
    }

    /// One turn to so many subscribers of one session.
    async fn stream_to(&self, subscribers: usize, words: u64) -> anyhow::Result<Delivered> {
        let mut connection = self.door().connect().await?;
        let session = connection.new_session().await?;
        let mut readings = Vec::new();
        for _ in 0..subscribers {
            readings.push(Reading::new(self.door().events(&session, None).await?));
        }
        // The first turn warms up; the second counts.
        let mut delivered = Delivered::default();
        for words in [words / 10, words] {
            self.say(words, 64).await?;
            let cpu = self.running.cpu_seconds();
            let asked = Instant::now();
            let mut reading = JoinSet::new();
            for mut subscriber in readings.drain(..) {
                let turns = subscriber.tally.turns_ended;
                reading.spawn(async move {
                    let ended = subscriber.until(|tally| tally.turns_ended > turns).await?;
                    anyhow::Ok((subscriber, ended))
                });
            }
            self.prompted(&mut connection, &session).await?;
            let (mut last, mut frames) = (asked, 0);
            while let Some(outcome) = reading.join_next().await {
                let (mut subscriber, ended) = outcome??;
                let read = std::mem::take(&mut subscriber.tally.words);
                anyhow::ensure!(read == words, "a subscriber read {read} of {words} words");
                frames += std::mem::take(&mut subscriber.tally.frames);
                last = last.max(ended);
                readings.push(subscriber);
            }
            let deliveries = words as f64 * subscribers as f64;
            let cpu = self.running.cpu_seconds() - cpu;
            delivered = Delivered {
                words_per_second: deliveries / (last - asked).as_secs_f64(),
                words_per_frame: deliveries / frames as f64,
                cpu_seconds_per_word: cpu / deliveries,
            };
        }
        connection.delete(&format!("/session/{session}")).await?;
        Ok(delivered)
    }

    async fn replay(&self, column: &mut Column) -> anyhow::Result<()> {
        let frames = self.size.replayed_frames;
        let mut connection = self.door().connect().await?;
        let session = connection.new_session().await?;
        let mut reading = Reading::new(self.door().events(&session, None).await?);
        // One chunk a packet makes the most frames out of the fewest words; how many a server joins is its own affair.
        self.say(frames, 1).await?;
        while reading.tally.last_id < frames {
            let turns = reading.tally.turns_ended;
            self.prompted(&mut connection, &session).await?;
            reading.until(|tally| tally.turns_ended > turns).await?;
        }
        let from = reading.tally.last_id - frames;
        let mut replayed = Latencies::default();
        for _ in 0..self.size.replays {
            let asked = Instant::now();
            let mut reading = Reading::new(self.door().events(&session, Some(from)).await?);
            let ended = reading.until(|tally| tally.replays_completed > 0).await?;
            anyhow::ensure!(reading.tally.frames >= frames, "{} of {frames} frames came", reading.tally.frames);
            replayed.push(ended - asked);
        }
        column.set("replay_frames", frames as f64 / replayed.p50_ms() * 1e3);
        connection.delete(&format!("/session/{session}")).await?;
        Ok(())
    }
}

/// A prompt without a space, so that its echo is not counted among the words of the answer.
fn question() -> Value {
    json!({"prompt": [{"type": "text", "text": "go"}]})
}
