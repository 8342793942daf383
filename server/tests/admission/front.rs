//! A daemon in this process, with a scripted agent behind it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use roost_server::{
    Config,
    auth::Secret,
    config::{AgentCommand, TokenSource},
    serve::{self, Daemon, StartError},
};
use roost_tests::{
    client::Client,
    scripted_agent::{AgentScript, Step},
};
use tempfile::TempDir;

pub(crate) const TOKEN: &str = "canary-server-token";

/// A running daemon and the folders it works in.
pub(crate) struct Front {
    pub(crate) daemon: Daemon,
    folders: TempDir,
}

impl Front {
    /// With [`TOKEN`] and what `adjust` changes.
    pub(crate) async fn start(adjust: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        let folders = tempfile::tempdir()?;
        let mut config = config(folders.path())?;
        adjust(&mut config);
        Ok(Self { daemon: serve::start(config).await?, folders })
    }

    /// Why it does not start; checks that nothing is left behind.
    pub(crate) async fn refused(adjust: impl FnOnce(&mut Config)) -> anyhow::Result<StartError> {
        let folders = tempfile::tempdir()?;
        let mut config = config(folders.path())?;
        adjust(&mut config);
        let refusal = serve::start(config).await.err().context("it starts")?;
        anyhow::ensure!(!folders.path().join("home").exists(), "a refused start leaves something behind");
        Ok(refusal)
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.daemon.address()).with_token(TOKEN)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folders.path().join("home")
    }

    pub(crate) fn workspace(&self) -> anyhow::Result<PathBuf> {
        Ok(self.folders.path().join("workspace").canonicalize()?)
    }

    /// The path of the workspace, as it stands in a route.
    pub(crate) fn selector(&self) -> String {
        self.daemon.app().config.workspace_id()
    }
}

fn config(folders: &Path) -> anyhow::Result<Config> {
    let workspace = folders.join("workspace");
    fs::create_dir(&workspace)?;
    let script = folders.join("script.json");
    AgentScript::turns([vec![Step::Text("hello".to_owned())]]).save(&script)?;
    let agent = AgentCommand {
        program: scripted_agent()?,
        args: vec![script.to_string_lossy().into_owned()],
        name: "scripted".to_owned(),
    };
    let mut config = Config::new(workspace.canonicalize()?, folders.join("home"), agent);
    config.port = 0;
    config.token = TokenSource::Given(Secret::new(TOKEN));
    Ok(config)
}

fn scripted_agent() -> anyhow::Result<PathBuf> {
    let test = env::current_exe()?;
    let profile = test.parent().and_then(Path::parent).context("tests lie in <profile>/deps")?;
    let agent = profile.join("examples/scripted-agent");
    anyhow::ensure!(agent.is_file(), "{} is not built; run the tests of the whole crate", agent.display());
    Ok(agent)
}
