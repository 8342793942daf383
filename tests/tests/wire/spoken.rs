//! A daemon whose agent does what each prompt says, for tests where many sessions ask at once.

use roost_tests::{
    client::{Accepted, Client},
    daemon::{Daemon, Setup, scripted_agent_command},
    scripted_agent::script::{AgentScript, Spoken, Step},
};
use tempfile::TempDir;

/// The daemon, and the folder of its agent's script.
pub(crate) struct Stage {
    pub(crate) daemon: Daemon,
    pub(crate) client: Client,
    _scratch: TempDir,
}

impl Stage {
    pub(crate) async fn set(setup: Setup) -> anyhow::Result<Self> {
        let scratch = TempDir::with_prefix("roost-script-")?;
        let path = scratch.path().join("script.json");
        AgentScript::spoken().save(&path)?;
        let daemon = setup.agent(scripted_agent_command(&path)?).start().await?;
        let client = daemon.client()?;
        Ok(Self { daemon, client, _scratch: scratch })
    }

    /// Has the agent do this.
    pub(crate) async fn ask(&self, session: &str, turn: impl Into<Vec<Step>>) -> anyhow::Result<Accepted> {
        self.client.prompt(session, &spoken(turn)?).await
    }

    /// Has the agent do this, and returns what came of it.
    pub(crate) async fn turn(
        &self,
        session: &str,
        turn: impl Into<Vec<Step>>,
    ) -> anyhow::Result<Vec<roost_core::Envelope>> {
        self.client.turn(session, &spoken(turn)?).await
    }
}

/// The text of a prompt by which the agent does this.
pub(crate) fn spoken(turn: impl Into<Vec<Step>>) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&Spoken { name: "turn".to_owned(), turn: turn.into() })?)
}

pub(crate) fn text(text: &str) -> Step {
    Step::Text(text.to_owned())
}
