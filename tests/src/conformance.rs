//! One list of requests, sent to Roost and to the original: status, `code` and the shape of the JSON have to agree. And scenes that
//! are played with both: the same events have to be heard in the same order, each of the same shape.
//!
//! What the original said is recorded as shapes (`tests/conformance/upstream.json` and `conversations.json`), so that the comparison
//! needs it only to record again. Every difference stands in `tests/conformance/differences.json` with its reason; one that is not
//! there fails, and so does an entry that no longer applies.

mod cases;
mod conversations;
mod dialogue;
mod ledger;
mod said;
mod seen;
mod shape;
mod stage;
mod upgrade;
mod words;

use std::{collections::BTreeMap, fmt, path::PathBuf};

use anyhow::Context;
use serde_json::json;

pub use self::{
    conversations::{Conversation, Conversations, rehearse},
    ledger::{Difference, Kind},
    said::Said,
    seen::Seen,
    shape::Shape,
};
use self::{
    ledger::Ledger,
    stage::{Play, Stage},
};
use crate::{
    client::record::{Exchange, Record},
    description::Description,
    fake_model::{Script, Step},
    program,
    routes::{self, Route},
};

/// The answers of one server, by the name of the case.
pub type Answers = BTreeMap<String, Seen>;

/// Where the reviewed files are.
fn folder() -> PathBuf {
    program::repository().join("tests/conformance")
}

/// Sends every case to Roost, and shows what was sent and answered: the description of the routes comes first.
pub async fn exchanges_of_roost() -> anyhow::Result<(Description, Vec<Exchange>)> {
    let roost = program::roost()?.display().to_string();
    let record = Record::default();
    let mut stage = Stage::set(&command_line(&roost), &record, an_answer()).await?;
    let description = stage.description().await?;
    drop(record.take());
    ask_on(&mut stage).await?;
    Ok((description, record.take()))
}

/// The command line by which Roost is compared.
#[must_use]
pub fn command_line(roost: &str) -> Vec<&str> {
    let mut words = vec![roost, "serve", "--port", "{port}", "--workspace", "{workspace}", "--enable-session-shell"];
    words.extend(["--identity-providers", "{identity_providers}"]);
    words
}

/// The model's part: the same every time.
fn an_answer() -> Play {
    Play { script: Script::always(vec![Step::text("An answer.")]), settings: json!({}) }
}

/// Sends every case to a server of its own.
async fn ask(words: &[&str]) -> anyhow::Result<Answers> {
    ask_on(&mut Stage::set(words, &Record::default(), an_answer()).await?).await
}

async fn ask_on(stage: &mut Stage) -> anyhow::Result<Answers> {
    let mut answers = Answers::new();
    send_all(stage, cases::all(), &mut answers).await?;
    stage.converse(&mut answers).await.context("the conversation over /acp")?;
    send_all(stage, cases::of_providers(), &mut answers).await?;
    Ok(answers)
}

async fn send_all(stage: &mut Stage, cases: Vec<cases::Case>, answers: &mut Answers) -> anyhow::Result<()> {
    for case in cases {
        let seen = stage.send(&case).await.with_context(|| case.name.clone())?;
        anyhow::ensure!(answers.insert(case.name.clone(), seen).is_none(), "two cases are called {}", case.name);
    }
    Ok(())
}

/// Routes that are compared, and never were answered well.
#[must_use]
pub fn never_well(answers: &Answers) -> Vec<String> {
    let is_well = |name: &str| answers.get(name).is_some_and(|seen| seen.status < 300);
    let asked: Vec<cases::Case> = cases::all().into_iter().chain(cases::of_providers()).collect();
    let well: Vec<Route> = asked
        .iter()
        .filter(|case| is_well(&case.name))
        .filter_map(|case| routes::taken_by(case.method, &case.path))
        .collect();
    let in_dialogue = [("GET", "ACP the stream of the connection"), ("DELETE", "ACP the end")];
    let talked = |route: &Route| {
        route.path == "/acp" && in_dialogue.iter().any(|(method, name)| *method == route.method && is_well(name))
    };
    let compared = routes::all().into_iter().filter(|route| cases::ours_alone(route).is_none());
    let never = compared.filter(|route| !well.contains(route) && !talked(route));
    never.map(|route| format!("{} {}", route.method, route.path)).collect()
}

/// Differences held against the reviewed file.
#[derive(Debug)]
pub struct Verdict {
    /// Answers, and conversations.
    pub compared: (usize, usize),
    pub explained: Vec<Difference>,
    pub unknown: Vec<Difference>,
    /// Entries of the file that explain nothing.
    pub stale: Vec<String>,
}

/// Holds `found` against the reviewed file.
pub fn judge(compared: (usize, usize), found: Vec<Difference>) -> anyhow::Result<Verdict> {
    let ledger = Ledger::read(&folder().join("differences.json"))?;
    let (explained, unknown): (Vec<_>, Vec<_>) = found.into_iter().partition(|difference| ledger.explains(difference));
    let stale = ledger.stale(&explained);
    Ok(Verdict { compared, explained, unknown, stale })
}

impl Verdict {
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.unknown.is_empty() && self.stale.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.unknown {
            writeln!(f, "differs: {difference}")?;
        }
        for entry in &self.stale {
            writeln!(f, "stale:   {entry}")?;
        }
        let Self { compared: (answers, conversations), explained, unknown, stale } = self;
        for kind in Kind::ALL {
            let count = explained.iter().filter(|difference| difference.kind() == kind).count();
            writeln!(f, "{count:5} {kind}")?;
        }
        let (explained, unknown, stale) = (explained.len(), unknown.len(), stale.len());
        write!(
            f,
            "{answers} answers and {conversations} conversations compared: {explained} differences with a reason, {unknown} without, \
             {stale} stale"
        )
    }
}
