//! The published TypeScript client, unmodified, against a real daemon. The tests themselves are in `tests/sdk/*.test.mjs`.
//!
//! Each file of tests has a daemon of its own, and a record of what it asked of the client. All records together are held against what
//! the client can do.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use roost_tests::{
    daemon::{Daemon, Setup, TOKEN},
    fake_model::{ChatRequest, FakeModel, Script, Step, Turn},
    identity_provider::{IdentityProvider, Terms},
    npm, program,
};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    process::Command,
    sync::{OnceCell, Semaphore},
};

/// The model's part: it writes the file it is asked for, ponders without end, or counts.
fn answer(request: &ChatRequest) -> Turn {
    let last = request.body["messages"].as_array().and_then(|messages| messages.last()).cloned().unwrap_or_default();
    let content = last["content"].to_string();
    let asked_for = |what: &str| content.split_once(what).map(|(_, rest)| rest);
    if last["role"] == "tool" {
        vec![Step::text("So be it.")]
    } else if let Some(file) = asked_for("Write ") {
        let name: String = file.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
        vec![Step::tool_call("write_file", json!({"file_path": name, "content": "kept\n"}))]
    } else if asked_for("Ponder").is_some() {
        vec![Step::text("Let me see."), Step::Hang]
    } else {
        let usage = Step::Usage { prompt_tokens: 1_200, completion_tokens: 40 };
        vec![Step::Think("Hm.".into()), Step::words(40), usage]
    }
}

/// The files of tests.
const FILES: [&str; 12] = [
    "session.test.mjs",
    "turn.test.mjs",
    "permission.test.mjs",
    "organization.test.mjs",
    "artifact.test.mjs",
    "file.test.mjs",
    "workspace.test.mjs",
    "workspaces.test.mjs",
    "trust.test.mjs",
    "status.test.mjs",
    "auth.test.mjs",
    "acp.test.mjs",
];

/// What asks for all that is known to be missing, and what looks whether anything else is.
const BEYOND: &str = "beyond.test.mjs";
const COVERAGE: &str = "coverage.test.mjs";

/// Soon enough for a test, and late enough to be seen waiting.
const QUICK: Terms = Terms { expires_in: Some(600), interval: Some(1) };

/// A daemon with all that a flag switches on, and what it needs.
struct Stage {
    daemon: Daemon,
    provider: IdentityProvider,
    _model: FakeModel,
    _providers: TempDir,
}

impl Stage {
    async fn start() -> anyhow::Result<Self> {
        let model = FakeModel::start(Script::answer(answer)).await?;
        let provider = IdentityProvider::start(QUICK).await?;
        let providers = TempDir::new()?;
        let list = providers.path().join("identity-providers.json");
        fs::write(&list, json!([provider.entry("qwen-oauth")]).to_string())?;
        let setup = Setup::new().model(&model).arg("--enable-session-shell").arg("--identity-providers").arg(list);
        Ok(Self { daemon: setup.start().await?, provider, _model: model, _providers: providers })
    }
}

/// Runs one file of tests, and returns the record of what it asked of the client.
async fn run(tests: &str) -> anyhow::Result<String> {
    // Each has a daemon, an agent and a Node of its own.
    static AT_A_TIME: Semaphore = Semaphore::const_new(3);
    let _turn = AT_A_TIME.acquire().await?;
    let stage = Stage::start().await?;
    let kept = TempDir::new()?;
    let record = kept.path().join("record.jsonl");
    let mut node = node(tests).await?;
    node.env("ROOST_URL", stage.daemon.url())
        .env("ROOST_TOKEN", TOKEN)
        .env("ROOST_WORKSPACE", stage.daemon.workspace());
    node.env("ROOST_HOME", stage.daemon.home()).env("ROOST_IDENTITY_PROVIDER", stage.provider.url());
    node.env("ROOST_RECORD", &record);
    let output = npm::finish(&mut node).await?;
    if !output.status.success() {
        bail!("{}\nthe daemon printed:\n{}", String::from_utf8_lossy(&output.stdout), stage.daemon.log());
    }
    fs::read_to_string(&record).context("there is no record of what was asked")
}

/// What a file of tests asked of the client. It is run once, however many want to know.
async fn record(tests: &str) -> anyhow::Result<&'static str> {
    static RECORDS: [OnceCell<Result<String, String>>; FILES.len()] = [const { OnceCell::const_new() }; FILES.len()];
    let at = FILES.iter().position(|file| *file == tests).context("it is none of the files")?;
    let ran = RECORDS[at].get_or_init(|| async { run(tests).await.map_err(|error| format!("{error:#}")) }).await;
    ran.as_deref().map_err(|said| anyhow::anyhow!("{said}"))
}

/// Node, about to run a file of tests.
async fn node(tests: &str) -> anyhow::Result<Command> {
    static INSTALLED: OnceCell<PathBuf> = OnceCell::const_new();
    let package = INSTALLED.get_or_try_init(install).await?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "--test-timeout=180000"]).current_dir(package);
    // A test that failed leaves its stream open, which would keep Node alive.
    node.args(["--test-force-exit", tests]);
    // Before version 22 a WebSocket has to be asked for.
    node.env("NODE_OPTIONS", "--experimental-websocket");
    Ok(node)
}

/// Puts the client and the tests into a folder that is kept from run to run.
async fn install() -> anyhow::Result<PathBuf> {
    let source = program::repository().join("tests/sdk");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk");
    npm::install(&source, &folder).await?;
    // Node looks for packages beside the file that imports them.
    for entry in fs::read_dir(&source)? {
        let path = entry?.path();
        if let (Some("mjs"), Some(name)) = (path.extension().and_then(|ending| ending.to_str()), path.file_name()) {
            fs::copy(&path, folder.join(name))?;
        }
    }
    Ok(folder)
}

#[tokio::test]
async fn the_published_client_leads_a_session_from_its_creation_to_its_end() -> anyhow::Result<()> {
    record("session.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_speaks_into_turns_and_beside_them() -> anyhow::Result<()> {
    record("turn.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_votes_on_what_the_agent_may_do() -> anyhow::Result<()> {
    record("permission.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_keeps_sessions_in_order() -> anyhow::Result<()> {
    record("organization.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_declares_artifacts() -> anyhow::Result<()> {
    record("artifact.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_reads_and_writes_files() -> anyhow::Result<()> {
    record("file.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_sees_and_changes_what_a_workspace_is_set_to() -> anyhow::Result<()> {
    record("workspace.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_works_in_several_workspaces() -> anyhow::Result<()> {
    record("workspaces.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_asks_for_trust() -> anyhow::Result<()> {
    record("trust.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_hears_how_the_daemon_is() -> anyhow::Result<()> {
    record("status.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_signs_in_and_connects_providers() -> anyhow::Result<()> {
    record("auth.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_speaks_the_agent_client_protocol_too() -> anyhow::Result<()> {
    record("acp.test.mjs").await.map(drop)
}

#[tokio::test]
async fn the_published_client_is_told_what_the_daemon_does_not_have() -> anyhow::Result<()> {
    run(BEYOND).await.map(drop)
}

/// The rest is covered by the files of tests, and every answer they got is of the type that the client declares.
#[tokio::test]
async fn the_published_client_can_do_nothing_else() -> anyhow::Result<()> {
    let kept = TempDir::new()?;
    let all = kept.path().join("records.jsonl");
    let mut records = String::new();
    for file in FILES {
        records += record(file).await?;
    }
    fs::write(&all, records)?;
    let mut node = node(COVERAGE).await?;
    let output = npm::finish(node.env("ROOST_RECORDS", &all)).await?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(())
}

/// A file that nobody runs tests nothing.
#[test]
fn every_file_of_tests_is_run() -> anyhow::Result<()> {
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(program::repository().join("tests/sdk"))? {
        there.extend(entry?.file_name().into_string().ok().filter(|name| name.ends_with(".test.mjs")));
    }
    assert_eq!(there, FILES.into_iter().chain([BEYOND, COVERAGE]).map(str::to_owned).collect());
    Ok(())
}
