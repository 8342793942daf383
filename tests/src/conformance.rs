//! One list of requests, sent to Roost and to the original: status, `code` and the shape of the JSON have to agree.
//!
//! What the original answered is recorded as shapes (`tests/conformance/upstream.json`), so that the comparison needs it only to
//! record again. Every difference stands in `tests/conformance/differences.json` with its reason; one that is not there fails, and
//! so does an entry that no longer applies.

mod cases;
mod dialogue;
mod ledger;
mod seen;
mod shape;
mod stage;
mod upgrade;
mod words;

use std::{collections::BTreeMap, fmt, fs, path::PathBuf};

use anyhow::Context;

use self::{ledger::Ledger, stage::Stage};
pub use self::{
    ledger::{Difference, Kind},
    seen::Seen,
    shape::Shape,
};
use crate::{
    client::record::{Exchange, Record},
    description::Description,
    program,
    routes::{self, Route},
};

/// The answers of one server, by the name of the case.
pub type Answers = BTreeMap<String, Seen>;

/// Where the reviewed files are.
fn folder() -> PathBuf {
    program::repository().join("tests/conformance")
}

/// Sends every case to Roost.
pub async fn ask_roost() -> anyhow::Result<Answers> {
    let roost = program::roost()?.display().to_string();
    ask(&command_line(&roost)).await
}

/// Sends every case to Roost, and shows what was sent and answered: the description of the routes comes first.
pub async fn exchanges_of_roost() -> anyhow::Result<(Description, Vec<Exchange>)> {
    let roost = program::roost()?.display().to_string();
    let record = Record::default();
    let mut stage = Stage::set(&command_line(&roost), &record).await?;
    let description = stage.description().await?;
    drop(record.take());
    ask_on(&mut stage).await?;
    Ok((description, record.take()))
}

fn command_line(roost: &str) -> Vec<&str> {
    let mut words = vec![roost, "serve", "--port", "{port}", "--workspace", "{workspace}", "--enable-session-shell"];
    words.extend(["--identity-providers", "{identity_providers}"]);
    words
}

/// Sends every case to another server; `{port}` and `{workspace}` stand where they belong in its command line.
pub async fn ask(words: &[&str]) -> anyhow::Result<Answers> {
    ask_on(&mut Stage::set(words, &Record::default()).await?).await
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

/// What the original answered when it was last asked.
pub fn recorded() -> anyhow::Result<Answers> {
    let path = folder().join("upstream.json");
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

/// Keeps the original's answers.
pub fn record(answers: &Answers) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(answers)?;
    text.push('\n');
    fs::write(folder().join("upstream.json"), text).context("cannot write the record")
}

/// What two servers answered differently.
#[must_use]
pub fn differences(roost: &Answers, upstream: &Answers) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, ours) in roost {
        let Some(theirs) = upstream.get(name) else {
            found.push(Difference::new(name, "not recorded"));
            continue;
        };
        let whats = differing(ours, theirs);
        found.extend(whats.iter().map(|what| Difference::new(name, what)));
    }
    let gone = upstream.keys().filter(|name| !roost.contains_key(*name));
    found.extend(gone.map(|name| Difference::new(name, "recorded, and not asked any more")));
    found
}

fn differing(ours: &Seen, theirs: &Seen) -> Vec<String> {
    if ours.status != theirs.status {
        return vec![format!("status {} instead of {}", ours.status, theirs.status)];
    }
    let word = |code: &Option<String>| code.clone().unwrap_or_else(|| "none".to_owned());
    if ours.code != theirs.code {
        return vec![format!("code {} instead of {}", word(&ours.code), word(&theirs.code))];
    }
    match (&ours.shape, &theirs.shape) {
        (Some(ours), Some(theirs)) => ours.differences(theirs),
        (None, None) => Vec::new(),
        (Some(_), None) => vec!["JSON instead of another body".to_owned()],
        (None, Some(_)) => vec!["another body instead of JSON".to_owned()],
    }
}

/// Differences held against the reviewed file.
#[derive(Debug)]
pub struct Verdict {
    pub compared: usize,
    pub explained: Vec<Difference>,
    pub unknown: Vec<Difference>,
    /// Entries of the file that explain nothing.
    pub stale: Vec<String>,
}

/// Holds `found` against the reviewed file.
pub fn judge(compared: usize, found: Vec<Difference>) -> anyhow::Result<Verdict> {
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
        let Self { compared, explained, unknown, stale } = self;
        for kind in Kind::ALL {
            let count = explained.iter().filter(|difference| difference.kind() == kind).count();
            writeln!(f, "{count:5} {kind}")?;
        }
        let (explained, unknown, stale) = (explained.len(), unknown.len(), stale.len());
        write!(
            f,
            "{compared} answers compared: {explained} differences with a reason, {unknown} without, {stale} stale"
        )
    }
}
