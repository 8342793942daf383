//! Reads a session's file back.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{APPROVAL_MODE, Kind, MEANWHILE, Record};
use crate::{
    history::{Message, Role, add_answer, close_dangling_calls},
    mode::Mode,
    session::LastTurn,
};

/// The live branch of a session, oldest record first.
#[derive(Debug)]
pub(crate) struct Branch(Vec<Record>);

/// Why a session cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("session:{0}")]
    Unknown(String),
    #[error("the records of the session in {} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
}

impl Branch {
    /// Reads the file. Lines that are not records, such as a torn last one, are skipped.
    pub(crate) fn load(path: &Path, session: &str) -> Result<Self, LoadError> {
        let bytes = fs::read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => LoadError::Unknown(session.to_owned()),
            _ => LoadError::Read { path: path.to_owned(), source },
        })?;
        let mut records = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Record>(line) {
                Ok(record) => records.push(record),
                Err(error) => tracing::warn!(path = %path.display(), %error, "a line is no record and is skipped"),
            }
        }
        Ok(Self::live(records))
    }

    /// The chain from the last record up to its beginning.
    fn live(records: Vec<Record>) -> Self {
        let places: HashMap<String, usize> =
            records.iter().enumerate().map(|(place, record)| (record.uuid.clone(), place)).collect();
        let mut records: Vec<Option<Record>> = records.into_iter().map(Some).collect();
        let mut chain = Vec::new();
        let mut next = records.len().checked_sub(1);
        // Taking each record out ends the walk even if the parents form a cycle.
        while let Some(record) = next.and_then(|place| records[place].take()) {
            next = record.parent_uuid.as_ref().and_then(|parent| places.get(parent).copied());
            chain.push(record);
        }
        chain.reverse();
        Self(chain)
    }

    pub(crate) fn records(&self) -> &[Record] {
        &self.0
    }

    pub(crate) fn last(&self) -> Option<String> {
        self.0.last().map(|record| record.uuid.clone())
    }

    /// What the model is told of it: from the newest compression on, every call answered.
    pub(crate) fn history(&self) -> Vec<Message> {
        let compression = self.0.iter().rposition(|record| record.subtype.as_deref() == Some("chat_compression"));
        let mut history = compression.and_then(|place| compressed(&self.0[place])).unwrap_or_default();
        for record in &self.0[compression.map_or(0, |place| place + 1)..] {
            let Some(message) = record.message.clone() else { continue };
            match record.kind {
                Kind::User => history.push(message),
                Kind::Assistant => add_answer(&mut history, message),
                // Results of one answer are one message.
                Kind::ToolResult => match history.last_mut() {
                    Some(last) if last.role == Role::User && last.responses().next().is_some() => {
                        last.parts.extend(message.parts);
                    }
                    _ => history.push(message),
                },
                Kind::System | Kind::Unknown => {}
            }
        }
        close_dangling_calls(&mut history);
        history
    }

    /// How many prompts the user has sent.
    pub(crate) fn turns(&self) -> u64 {
        let is_prompt = |record: &&Record| record.kind == Kind::User && record.subtype.as_deref() != Some(MEANWHILE);
        self.0.iter().filter(is_prompt).count() as u64
    }

    /// How the last turn ended.
    pub(crate) fn last_turn(&self) -> LastTurn {
        for record in self.0.iter().rev() {
            match (record.kind, record.subtype.as_deref()) {
                (Kind::System, Some("turn_result")) => {
                    let state = record.system_payload.as_ref().and_then(|payload| payload.get("state"));
                    let is_completed = state.is_some_and(|state| state == "completed");
                    return if is_completed { LastTurn::Completed } else { LastTurn::BrokenOff };
                }
                (Kind::User | Kind::Assistant | Kind::ToolResult, _) => return LastTurn::Unknown,
                (Kind::System | Kind::Unknown, _) => {}
            }
        }
        LastTurn::Completed
    }

    /// The mode that was chosen last.
    pub(crate) fn approval_mode(&self) -> Option<Mode> {
        let chosen = |record: &Record| record.subtype.as_deref() == Some(APPROVAL_MODE);
        let record = self.0.iter().rfind(|record| chosen(record))?;
        Mode::from_id(record.system_payload.as_ref()?.get("mode")?.as_str()?)
    }
}

fn compressed(record: &Record) -> Option<Vec<Message>> {
    let history: &Value = record.system_payload.as_ref()?.get("compressedHistory")?;
    serde_json::from_value(history.clone()).ok()
}
