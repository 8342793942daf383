//! All that one server said.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::Context;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Answers,
    conversations::{self, Conversation, Conversations},
    ledger::Difference,
    seen::Seen,
};
use crate::program;

/// Where single answers and conversations are recorded.
const ANSWERS: &str = "upstream.json";
const CONVERSATIONS: &str = "conversations.json";

/// All that one server said: to single requests, and in conversations.
#[derive(Clone, Debug)]
pub struct Said {
    pub answers: Answers,
    pub conversations: Conversations,
}

impl Said {
    /// Asks Roost.
    pub async fn by_roost() -> anyhow::Result<Self> {
        let roost = program::roost()?.display().to_string();
        Self::by(&super::command_line(&roost)).await
    }

    /// Asks another server; `{port}` and `{workspace}` stand where they belong in its command line.
    pub async fn by(words: &[&str]) -> anyhow::Result<Self> {
        let (answers, conversations) = tokio::try_join!(super::ask(words), conversations::hold(words))?;
        Ok(Self { answers, conversations })
    }

    /// What the original said when it was last asked.
    pub fn recorded() -> anyhow::Result<Self> {
        Ok(Self { answers: read(ANSWERS)?, conversations: read(CONVERSATIONS)? })
    }

    /// Keeps what the original said.
    pub fn record(&self) -> anyhow::Result<()> {
        write(ANSWERS, &self.answers)?;
        write(CONVERSATIONS, &self.conversations)
    }

    /// How many answers and conversations there are.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        (self.answers.len(), self.conversations.len())
    }

    /// What was said otherwise before, or not at all.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Vec<String> {
        let answers = changed(&self.answers, &before.answers, Seen::eq);
        let conversations = changed(&self.conversations, &before.conversations, Conversation::says_the_same);
        answers.into_iter().chain(conversations).collect()
    }

    /// What the two said differently.
    #[must_use]
    pub fn differences(&self, theirs: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        for (name, ours) in &self.answers {
            let Some(theirs) = theirs.answers.get(name) else {
                found.push(Difference::new(name, "not recorded"));
                continue;
            };
            found.extend(differing(ours, theirs).iter().map(|what| Difference::new(name, what)));
        }
        let gone = theirs.answers.keys().filter(|name| !self.answers.contains_key(*name));
        found.extend(gone.map(|name| Difference::new(name, "recorded, and not asked any more")));
        found.extend(conversations::differences(&self.conversations, &theirs.conversations));
        found
    }
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

fn changed<T>(
    now: &BTreeMap<String, T>,
    before: &BTreeMap<String, T>,
    is_same: impl Fn(&T, &T) -> bool,
) -> Vec<String> {
    let names: BTreeSet<&String> = now.keys().chain(before.keys()).collect();
    let stayed = |name: &String| now.get(name).zip(before.get(name)).is_some_and(|(now, before)| is_same(now, before));
    names.into_iter().filter(|name| !stayed(name)).cloned().collect()
}

fn read<T: DeserializeOwned>(file: &str) -> anyhow::Result<T> {
    let path = super::folder().join(file);
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no record", path.display()))
}

fn write(file: impl AsRef<Path>, said: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(said)?;
    text.push('\n');
    let path = super::folder().join(file);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
