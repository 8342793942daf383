//! Who serves the sessions of a batch: a stranger's agent, or the built-in one before a model that says what each prompt asks for.

use fastrand::Rng;
use roost_tests::{
    daemon::{Setup, scripted_agent_command},
    fake_model::{ChatRequest, FakeModel, Script, Step as Say, Turn as Answer},
    scripted_agent::script::{AgentScript, Spoken, Step, Turn},
};
use serde_json::json;
use tempfile::TempDir;

/// One batch in so many is the built-in agent's.
const BUILT_IN_SHARE: u8 = 8;

/// The peers of a batch, alive as long as it is.
pub(crate) enum Cast {
    /// With the folder its script lies in.
    Stranger(TempDir),
    BuiltIn(FakeModel),
}

/// Whom a prompt is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    Stranger,
    BuiltIn,
}

impl Cast {
    pub(crate) async fn draw(rng: &mut Rng) -> anyhow::Result<Self> {
        if rng.u8(0..BUILT_IN_SHARE) == 0 {
            return Ok(Self::BuiltIn(FakeModel::start(Script::answer(answer)).await?));
        }
        let scratch = TempDir::with_prefix("roost-script-")?;
        AgentScript::spoken().save(&scratch.path().join("script.json"))?;
        Ok(Self::Stranger(scratch))
    }

    pub(crate) fn play(&self, setup: Setup) -> anyhow::Result<Setup> {
        Ok(match self {
            Self::Stranger(scratch) => setup.agent(scripted_agent_command(&scratch.path().join("script.json"))?),
            Self::BuiltIn(model) => setup.model(model),
        })
    }

    pub(crate) fn speaker(&self) -> Speaker {
        match self {
            Self::Stranger(_) => Speaker::Stranger,
            Self::BuiltIn(_) => Speaker::BuiltIn,
        }
    }
}

impl Speaker {
    /// What the agent is to do: words at all speeds, thoughts, files that need a permission, failures.
    pub(crate) fn turn(self, rng: &mut Rng, name: &str) -> Turn {
        let mut turn = Vec::new();
        for nth in 0..rng.usize(1..=3) {
            turn.push(match rng.u8(0..10) {
                0..5 => Step::Words { count: rng.u64(1..80), pace_ms: 0 },
                5..7 => Step::Words { count: rng.u64(1..40), pace_ms: rng.u64(1..8) },
                7 => Step::Think("Hm. ".repeat(rng.usize(1..200))),
                8 => Step::AskToWrite { path: format!("{name}-{nth}.txt").into(), content: name.to_owned() },
                _ => Step::Text(format!("“{}” ", "ä".repeat(rng.usize(1..2_000)))),
            });
        }
        let fails = rng.u8(0..12) == 0;
        match self {
            Self::Stranger if fails => {
                turn.push(Step::Fail { code: -32_000, message: "as the script says".to_owned() });
            }
            Self::Stranger => {}
            // A model says what it has to say and then calls a tool; refused, the built-in agent ends the turn there.
            Self::BuiltIn => turn.sort_by_key(|step| matches!(step, Step::AskToWrite { .. })),
        }
        turn
    }
}

/// What the model answers: the steps in the last thing the user said, and nothing more once its calls have been made.
fn answer(request: &ChatRequest) -> Answer {
    let messages = request.messages();
    let asked = messages.iter().rposition(|message| message["role"] == "user").unwrap_or_default();
    if messages[asked..].iter().any(|message| message["role"] == "tool") {
        return Answer::new();
    }
    let text = request.user_text();
    // What was said in a turn that was cut off may stand before it.
    let spoken = text.rfind(r#"{"name":"#).and_then(|at| serde_json::from_str::<Spoken>(&text[at..]).ok());
    spoken.map_or_else(|| vec![Say::status(400)], |spoken| spoken.turn.iter().map(say).collect())
}

fn say(step: &Step) -> Say {
    match step {
        Step::Words { count, pace_ms: 0 } => Say::words(*count),
        Step::Words { count, pace_ms } => Say::paced_words(*count, *pace_ms),
        Step::Text(text) => Say::text(text),
        Step::Think(text) => Say::Think(text.clone()),
        Step::AskToWrite { path, content } => {
            Say::tool_call("write_file", json!({"file_path": path, "content": content}))
        }
        Step::Ask
        | Step::AskMany
        | Step::Drain
        | Step::Grandchild { .. }
        | Step::Runaway { .. }
        | Step::RawLine(_)
        | Step::Stderr(_)
        | Step::Hang
        | Step::HangForever
        | Step::Exit(_)
        | Step::Fail { .. } => Say::status(400),
    }
}
