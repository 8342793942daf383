//! Sessions that other programs had with the agent: what its own records (`chats/<session>.jsonl`) say about them.

mod events;

use std::{io, path::Path};

use serde::Deserialize;

pub(super) use self::events::events;
use super::regular;

/// How much of a record is read to learn what it is about.
const HEAD_BYTES: u64 = 64 * 1024;
/// Longest title made of a first prompt, in characters.
const MAX_TITLE_CHARS: usize = 120;

/// What the head of an agent's record tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RecordHead {
    pub(super) cwd: Option<String>,
    /// ISO 8601, as recorded.
    pub(super) created_at: Option<String>,
    /// The head of what the user said first.
    pub(super) title: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    cwd: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
}

impl RecordHead {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        Ok(Self::parse(&regular::beginning(path, HEAD_BYTES)?))
    }

    fn parse(text: &[u8]) -> Self {
        let mut head = Self::default();
        // A line that the limit cut off does not parse.
        for line in text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok()) {
            head.cwd = head.cwd.or(line.cwd);
            head.created_at = head.created_at.or(line.timestamp);
            if line.kind == "user" {
                let texts = line.message.into_iter().flat_map(|message| message.parts).filter_map(|part| part.text);
                head.title = title(&texts.collect::<Vec<_>>().join(" "));
            }
            if head.title.is_some() {
                break;
            }
        }
        head
    }
}

/// The head of a text on one line; None when there is nothing to read in it.
pub(crate) fn title(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words.join(" ").chars().filter(|c| !c.is_control()).take(MAX_TITLE_CHARS).collect();
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_titled_by_what_the_user_said_first() {
        let text = br#"{"type":"system","cwd":"/w","timestamp":"2026-01-01T00:00:00.000Z"}
{"type":"user","message":{"role":"user","parts":[{"text":"hello\n  there"},{"inlineData":{}}]}}
{"type":"user","message":{"role":"user","parts":[{"text":"later"}]}}
{"type":"assis"#;
        let head = RecordHead::parse(text);
        assert_eq!(head.title.as_deref(), Some("hello there"));
        assert_eq!(head.cwd.as_deref(), Some("/w"));
        assert_eq!(head.created_at.as_deref(), Some("2026-01-01T00:00:00.000Z"));
    }

    #[test]
    fn a_damaged_record_is_an_untitled_one() {
        assert_eq!(RecordHead::parse(b"\x00\xff{]"), RecordHead::default());
    }
}
