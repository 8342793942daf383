//! What the scripted agent does: turns of steps, and the place it has reached, kept beside the script file.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One thing the agent does during a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// `count` numbered words (see [`crate::fake_model::script::word`]), one update each.
    Words {
        count: u64,
        /// Wait between two words, in milliseconds.
        #[serde(default)]
        pace_ms: u64,
    },
    /// One chunk of answer text.
    Text(String),
    /// One chunk of thought.
    Think(String),
    /// Announces a write with its diff, asks permission, and writes the file when it is granted. `path` is relative to
    /// the session's folder.
    AskToWrite { path: PathBuf, content: String },
    /// Asks the user which of two ways to go, and says what was answered: `answered: {…}`.
    Ask,
    /// The same, and both may be gone.
    AskMany,
    /// Asks the client what was said meanwhile, until there is something, and says it: `heard: …`, one line a message.
    Drain,
    /// Starts a grandchild that sleeps this long, in the agent's process group: whoever kills the agent must reach it.
    Grandchild { seconds: u64 },
    /// Starts a grandchild that sleeps this long in a session of its own, out of reach of a signal to the agent's group, and says its
    /// process id.
    Runaway { seconds: u64 },
    /// A raw line on stdout, JSON or not.
    RawLine(String),
    /// A line on stderr.
    Stderr(String),
    /// Says nothing more until the turn is cancelled.
    Hang,
    /// Says nothing more and does not hear a cancellation either.
    HangForever,
    /// Ends the process with this status, in the middle of the turn.
    Exit(i32),
    /// Answers the prompt with a JSON-RPC error.
    Fail { code: i64, message: String },
}

/// The steps of one `session/prompt`.
pub type Turn = Vec<Step>;

/// The whole script of one agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentScript {
    /// Advertise and serve `session/load`; sessions are then kept beside the script file.
    #[serde(default)]
    pub load_session: bool,
    /// Methods that are refused, with code and message, whatever they would answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refusals: BTreeMap<String, (i64, String)>,
    /// Methods that end the process, unanswered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fatal: Vec<String>,
    /// More `agentCapabilities`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub capabilities: Map<String, Value>,
    /// Methods that are never answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<String>,
    /// One turn a prompt, in the order the prompts arrive, over all sessions and restarts of the agent.
    pub turns: Vec<Turn>,
    /// The turn of every prompt after the last of `turns`; without it such a prompt fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afterwards: Option<Turn>,
    /// The text of a prompt is a [`Spoken`] turn, and `turns` are not used: for tests where many sessions ask at once.
    #[serde(default)]
    pub prompts_are_turns: bool,
    /// Answers to requests beyond the schema, by method. Each such request is noted, see [`ScriptFile::heard`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, Value>,
}

/// A turn inside a prompt, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spoken {
    /// Tells prompts apart for whoever sends them.
    pub name: String,
    pub turn: Turn,
}

impl AgentScript {
    /// A script of these turns.
    #[must_use]
    pub fn turns(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self { turns: turns.into_iter().collect(), ..Self::default() }
    }

    /// A script that does what each prompt says.
    #[must_use]
    pub fn spoken() -> Self {
        Self { prompts_are_turns: true, load_session: true, ..Self::default() }
    }

    /// Writes the script where [`ScriptFile::open`] reads it.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_vec_pretty(self)?)
    }
}

/// A script on disk, with what the agent remembers from one process to the next.
#[derive(Debug)]
pub struct ScriptFile {
    path: PathBuf,
    pub script: AgentScript,
}

impl ScriptFile {
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let script = serde_json::from_slice(&fs::read(&path)?)?;
        Ok(Self { path, script })
    }

    /// The turn of the next prompt, whose text is `text`. A restarted agent goes on where the one before it stopped.
    pub fn next_turn(&self, text: &str) -> io::Result<Option<Turn>> {
        if self.script.prompts_are_turns {
            let spoken: Spoken = serde_json::from_str(text)?;
            return Ok(Some(spoken.turn));
        }
        let place = self.beside("place");
        let reached: usize = fs::read_to_string(&place).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        fs::write(place, (reached + 1).to_string())?;
        Ok(self.script.turns.get(reached).or(self.script.afterwards.as_ref()).cloned())
    }

    /// Where the updates of a session are kept, one JSON per line.
    pub fn session(&self, session_id: &str) -> PathBuf {
        self.beside(session_id)
    }

    /// Notes that a method beyond the schema was called.
    pub fn note(&self, method: &str) -> io::Result<()> {
        let mut notes = fs::File::options().create(true).append(true).open(self.beside("heard"))?;
        notes.write_all(format!("{method}\n").as_bytes())
    }

    /// The methods beyond the schema that an agent with the script at `path` was called by, in order.
    pub fn heard(path: &Path) -> Vec<String> {
        let notes = fs::read_to_string(path.with_added_extension("heard")).unwrap_or_default();
        notes.lines().map(str::to_owned).collect()
    }

    /// Notes the servers that a session was opened with.
    pub fn note_servers(&self, method: &str, params: &Value) -> io::Result<()> {
        let mut notes = fs::File::options().create(true).append(true).open(self.beside("servers"))?;
        notes.write_all(format!("{}\n", json!([method, params["mcpServers"]])).as_bytes())
    }

    /// By which method sessions were opened with which servers, in order, at an agent with the script at `path`.
    pub fn servers(path: &Path) -> Vec<Value> {
        let notes = fs::read_to_string(path.with_added_extension("servers")).unwrap_or_default();
        notes.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        self.path.with_added_extension(suffix)
    }
}
