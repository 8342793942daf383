//! Conversations: what is heard while something goes on, event by event.
//!
//! The same scenes are played with Roost and with the original, over REST with its event streams, and over `/acp`, by HTTP and by
//! WebSocket. What each said is kept as it came: which events, in which order, of which shape.

mod acp;
mod alignment;
mod heard;
mod line;
mod link;
mod notes;
mod part;
mod rest;
mod scene;
mod scenes;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::{
    acp::Acp,
    alignment::{Step, align},
    heard::Heard,
    line::play,
    rest::Rest,
    scene::Scene,
};
use super::{
    Shape,
    ledger::Difference,
    stage::{Play, Stage},
};
use crate::{client::record::Record, fake_model::Script};

/// All that was said, by the name of the line and of the scene.
pub type Conversations = BTreeMap<String, Conversation>;

/// What was said in one scene.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// What requests were answered, in their order.
    answers: Vec<Heard>,
    /// What came by itself, in the order it came.
    events: Vec<Heard>,
    /// What came by itself at a time of its own, if it came at all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    asides: BTreeMap<String, Shape>,
}

/// Plays every scene with a server of its own.
pub(super) async fn hold(words: &[&str]) -> anyhow::Result<Conversations> {
    let stage = set(words).await?;
    let mut told = Conversations::new();
    for (kind, scene) in programme() {
        let name = scene.name_on(kind);
        let conversation = converse(&stage, kind, &scene).await.with_context(|| name.clone())?;
        anyhow::ensure!(told.insert(name.clone(), conversation).is_none(), "two scenes are called {name}");
    }
    Ok(told)
}

/// Plays those scenes whose name has this in it, and shows what was said, or what went wrong.
pub async fn rehearse(words: &[&str], name: &str) -> anyhow::Result<Vec<(String, anyhow::Result<Conversation>)>> {
    let stage = set(words).await?;
    let mut told = Vec::new();
    for (kind, scene) in programme().filter(|(kind, scene)| scene.name_on(*kind).contains(name)) {
        told.push((scene.name_on(kind), converse(&stage, kind, &scene).await));
    }
    Ok(told)
}

async fn set(words: &[&str]) -> anyhow::Result<Stage> {
    // A plan is written by a tool that not everybody has.
    let settings = json!({"tools": {"todoWrite": {"enabled": true}}});
    Stage::set(words, &Record::default(), Play { script: Script::answer(part::answer), settings }).await
}

/// Every scene, on every line it is for.
fn programme() -> impl Iterator<Item = (Kind, Scene)> {
    let on = |kinds: &'static [Kind], scenes: Vec<Scene>| {
        scenes.into_iter().flat_map(|scene| kinds.iter().map(move |kind| (*kind, scene.clone())))
    };
    on(&[Kind::Rest, Kind::Http, Kind::Socket], scenes::of_turns())
        .chain(on(&[Kind::Rest], scenes::of_rest()))
        .chain(on(&[Kind::Http, Kind::Socket], scenes::of_acp()))
}

/// How one talks to a server.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Rest,
    Http,
    Socket,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Rest => "REST",
            Self::Http => "ACP over HTTP",
            Self::Socket => "ACP over a WebSocket",
        }
    }
}

impl Scene {
    fn name_on(&self, kind: Kind) -> String {
        format!("{}, {}", kind.name(), self.name)
    }
}

async fn converse(stage: &Stage, kind: Kind, scene: &Scene) -> anyhow::Result<Conversation> {
    let (client, workspace, name) = (stage.client(), stage.workspace(), scene.name_on(kind));
    match kind {
        Kind::Rest => play(Rest::begin(client).await, scene, &name, stage).await,
        Kind::Http => play(Acp::over_streams(client, workspace).await, scene, &name, stage).await,
        Kind::Socket => play(Acp::over_a_socket(client, workspace).await, scene, &name, stage).await,
    }
}

/// What two servers said differently.
pub(super) fn differences(ours: &Conversations, theirs: &Conversations) -> Vec<Difference> {
    let mut found = BTreeSet::new();
    for (name, conversation) in ours {
        match theirs.get(name) {
            Some(other) => conversation.compare(other, name, &mut found),
            None => {
                found.insert(Difference::new(name, "not recorded"));
            }
        }
    }
    let gone = theirs.keys().filter(|name| !ours.contains_key(*name));
    found.extend(gone.map(|name| Difference::new(name, "recorded, and not played any more")));
    found.into_iter().collect()
}

impl Conversation {
    /// Whether all that is sure to be said is the same.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        (&self.answers, &self.events) == (&other.answers, &other.events)
    }

    fn compare(&self, theirs: &Self, name: &str, found: &mut BTreeSet<Difference>) {
        for (ours, theirs) in [(&self.answers, &theirs.answers), (&self.events, &theirs.events)] {
            for step in align(ours, theirs) {
                match step {
                    Step::Both(ours, theirs) => compare_shapes(name, ours, &theirs.shape, found),
                    Step::Ours(heard, before) => {
                        found.insert(Difference::new(name, &format!("only Roost says: {heard}{}", after(before))));
                    }
                    Step::Theirs(heard, before) => {
                        found.insert(Difference::new(
                            name,
                            &format!("only the original says: {heard}{}", after(before)),
                        ));
                    }
                }
            }
        }
        for (what, ours) in &self.asides {
            if let Some(theirs) = theirs.asides.get(what) {
                compare_shapes(name, &Heard::new(what.clone(), ours.clone()), theirs, found);
            }
        }
    }
}

impl fmt::Display for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, heard) in [("answers", &self.answers), ("events", &self.events)] {
            writeln!(f, "  {title}")?;
            for heard in heard {
                writeln!(f, "    {heard}  {}", serde_json::to_string(&heard.shape).unwrap_or_default())?;
            }
        }
        write!(f, "  asides: {}", self.asides.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
    }
}

fn compare_shapes(name: &str, ours: &Heard, theirs: &Shape, found: &mut BTreeSet<Difference>) {
    let case = format!("{name}: {ours}");
    found.extend(ours.shape.differences(theirs).iter().map(|what| Difference::new(&case, what)));
}

fn after(before: Option<&Heard>) -> String {
    before.map_or_else(|| ", before all else".to_owned(), |heard| format!(", after {heard}"))
}
