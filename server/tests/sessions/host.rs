//! A daemon in this process, with a scripted agent behind it.

use std::{env, path::PathBuf};

use anyhow::Context;
use roost_server::{
    Config,
    auth::Secret,
    config::{AgentCommand, TokenSource},
    serve::{self, Daemon},
};
use roost_tests::{
    client::Client,
    deadline,
    scripted_agent::{AgentScript, Step, Turn},
};
use tempfile::TempDir;

pub(crate) const TOKEN: &str = "a-token-of-this-test";

/// A running daemon and the folders it works in.
pub(crate) struct Host {
    pub(crate) config: Config,
    folders: TempDir,
    daemon: Option<Daemon>,
}

impl Host {
    /// With an agent that performs these turns.
    pub(crate) async fn start(script: AgentScript) -> anyhow::Result<Self> {
        Self::start_with(script, |_| ()).await
    }

    pub(crate) async fn start_with(script: AgentScript, adjust: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        let folders = tempfile::tempdir()?;
        let workspace = folders.path().join("workspace");
        std::fs::create_dir(&workspace)?;
        let script_path = folders.path().join("script.json");
        script.save(&script_path)?;
        let agent = AgentCommand {
            program: scripted_agent()?,
            args: vec![script_path.to_string_lossy().into_owned()],
            name: "scripted".to_owned(),
        };
        let mut config = Config::new(workspace.canonicalize()?, folders.path().join("home"), agent);
        config.port = 0;
        config.token = TokenSource::Given(Secret::new(TOKEN));
        // What a load says of the agent is the same however busy the machine is.
        config.timeouts.agent_state = deadline::PATIENCE;
        adjust(&mut config);
        let daemon = serve::start(config.clone()).await?;
        Ok(Self { config, folders, daemon: Some(daemon) })
    }

    pub(crate) fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("the daemon runs, except inside restart")
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.daemon().address()).with_token(TOKEN)
    }

    /// Stops the daemon in good order and starts it again on the same folders.
    pub(crate) async fn restart(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        self.begin().await
    }

    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        self.daemon.take().context("the daemon runs")?.stop().await;
        Ok(())
    }

    pub(crate) async fn begin(&mut self) -> anyhow::Result<()> {
        self.daemon = Some(serve::start(self.config.clone()).await?);
        Ok(())
    }

    /// The folder that holds everything the daemon and the agent keep of `session`.
    pub(crate) fn record(&self, session: &str) -> PathBuf {
        let projects = self.folders.path().join("home/projects");
        let project = std::fs::read_dir(projects).into_iter().flatten().flatten().next();
        project.map(|project| project.path()).unwrap_or_default().join("roost").join(session)
    }

    /// The path of the workspace as a selector in a route.
    pub(crate) fn selector(&self) -> String {
        self.config.workspace_id()
    }
}

/// Turns that say `text` each.
pub(crate) fn saying(texts: &[&str]) -> AgentScript {
    AgentScript::turns(texts.iter().map(|text| vec![Step::Text((*text).to_owned())]))
}

pub(crate) fn words(count: u64) -> Turn {
    vec![Step::Words { count, pace_ms: 0 }]
}

pub(crate) fn scripted_agent() -> anyhow::Result<PathBuf> {
    let test = env::current_exe()?;
    let profile = test.parent().and_then(std::path::Path::parent).context("tests lie in <profile>/deps")?;
    let agent = profile.join("examples/scripted-agent");
    anyhow::ensure!(agent.is_file(), "{} is not built; run the tests of the whole crate", agent.display());
    Ok(agent)
}
