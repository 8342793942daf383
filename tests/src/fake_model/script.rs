//! What the fake model says: a turn is a list of steps, a script chooses the turn for each request.

use std::{collections::VecDeque, fmt, fmt::Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ChatRequest;

/// One thing the model does while it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// `count` numbered words, see [`word`], one chunk each.
    Words {
        count: u64,
        /// How many chunks go out in one write.
        #[serde(default = "chunks_per_packet")]
        chunks_per_packet: u64,
        /// Wait between two packets, in milliseconds; 0 writes as fast as the reader reads.
        #[serde(default)]
        pace_ms: u64,
    },
    /// One chunk of answer text.
    Text(String),
    /// One chunk of `reasoning_content`.
    Think(String),
    /// A complete call, its arguments streamed in several pieces.
    ToolCall { name: String, arguments: Value },
    /// The figures of the closing usage chunk.
    Usage { prompt_tokens: u64, completion_tokens: u64 },
    /// Says no more until the test calls [`super::FakeModel::open`] with this name.
    Gate(String),
    /// Answers with this HTTP status instead of a stream; only as the first step.
    Status {
        code: u16,
        #[serde(default)]
        retry_after_s: Option<u64>,
        #[serde(default)]
        body: String,
    },
    /// Raw text put into the stream as it is.
    Garbage(String),
    /// Keeps the connection open and says nothing more.
    Hang,
    /// Drops the connection in the middle of the stream.
    CloseEarly,
}

fn chunks_per_packet() -> u64 {
    64
}

impl Step {
    /// Unpaced words, 64 chunks a packet.
    #[must_use]
    pub fn words(count: u64) -> Self {
        Self::Words { count, chunks_per_packet: chunks_per_packet(), pace_ms: 0 }
    }

    /// One word a packet, `pace_ms` apart.
    #[must_use]
    pub fn paced_words(count: u64, pace_ms: u64) -> Self {
        Self::Words { count, chunks_per_packet: 1, pace_ms }
    }

    /// A line of answer text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A call of the named tool.
    #[must_use]
    pub fn tool_call(name: impl Into<String>, arguments: Value) -> Self {
        Self::ToolCall { name: name.into(), arguments }
    }

    /// An error status with an empty body.
    #[must_use]
    pub fn status(code: u16) -> Self {
        Self::Status { code, retry_after_s: None, body: String::new() }
    }
}

/// Word number `index` of [`Step::Words`]: "w17 ". Numbered, so that a lost or doubled word shows in the text.
#[must_use]
pub fn word(index: u64) -> String {
    format!("w{index} ")
}

/// The whole text of `count` words.
#[must_use]
pub fn words(count: u64) -> String {
    (0..count).fold(String::new(), |mut text, index| {
        write!(text, "w{index} ").expect("a String takes every write");
        text
    })
}

/// The answer to one request. Text, calls and usage are closed by a finish reason and `[DONE]`, as a provider would.
pub type Turn = Vec<Step>;

/// Which turn answers which request.
pub struct Script(Choice);

enum Choice {
    Queue { turns: VecDeque<Turn>, afterwards: Option<Turn> },
    Whatever(Box<dyn FnMut() -> Turn + Send>),
    Answer(Box<dyn FnMut(&ChatRequest) -> Turn + Send>),
}

impl Script {
    /// These turns in order; a further request is answered 400, so that a call nobody expected is seen.
    #[must_use]
    pub fn turns(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self(Choice::Queue { turns: turns.into_iter().collect(), afterwards: None })
    }

    /// The same turn for every request.
    #[must_use]
    pub fn always(turn: Turn) -> Self {
        Self(Choice::Queue { turns: VecDeque::new(), afterwards: Some(turn) })
    }

    /// Whatever is the answer at the time, and nobody reads the request: a benchmark pays for no more than it measures.
    pub fn whatever(turn: impl FnMut() -> Turn + Send + 'static) -> Self {
        Self(Choice::Whatever(Box::new(turn)))
    }

    /// A function of the request, for tests where several sessions ask at once.
    pub fn answer(choose: impl FnMut(&ChatRequest) -> Turn + Send + 'static) -> Self {
        Self(Choice::Answer(Box::new(choose)))
    }

    /// Reads `{"turns": [[step, …], …], "afterwards": [step, …]}`.
    pub fn from_json(json: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            #[serde(default)]
            turns: VecDeque<Turn>,
            afterwards: Option<Turn>,
        }
        let File { turns, afterwards } = serde_json::from_str(json)?;
        Ok(Self(Choice::Queue { turns, afterwards }))
    }

    pub(super) fn next(&mut self, request: impl FnOnce() -> ChatRequest) -> Turn {
        match &mut self.0 {
            Choice::Queue { turns, afterwards } => {
                turns.pop_front().or_else(|| afterwards.clone()).unwrap_or_else(script_is_over)
            }
            Choice::Whatever(turn) => turn(),
            Choice::Answer(choose) => choose(&request()),
        }
    }
}

fn script_is_over() -> Turn {
    let body =
        r#"{"error":{"message":"the script of the fake model has no further turn","type":"invalid_request_error"}}"#;
    vec![Step::Status { code: 400, retry_after_s: None, body: body.to_owned() }]
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Choice::Queue { turns, .. } => write!(f, "Script({} turns left)", turns.len()),
            Choice::Whatever(_) | Choice::Answer(_) => f.write_str("Script(a function)"),
        }
    }
}
