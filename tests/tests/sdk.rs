//! The published TypeScript client, unmodified, against a real daemon. The tests themselves are in `tests/sdk/*.test.mjs`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use anyhow::{Context, bail};
use roost_tests::{
    daemon::{Setup, TOKEN},
    fake_model::{ChatRequest, FakeModel, Script, Step, Turn},
    program,
};
use serde_json::json;
use tokio::{process::Command, sync::OnceCell};

/// What npm needs to know; a change of any of them is a reason to install again.
const PACKAGE: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// npm writes this last, so it stands for an installation that was finished.
const FINISHED: &str = "node_modules/.package-lock.json";

const WHAT_TO_INSTALL: &str = "install Node 20.14 or newer with npm (on Debian: apt-get install nodejs npm)";

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
        vec![Step::Think("Hm.".into()), Step::words(40)]
    }
}

/// Runs one file of tests in Node, against a daemon of its own.
async fn run(tests: &str) -> anyhow::Result<()> {
    static INSTALLED: OnceCell<PathBuf> = OnceCell::const_new();
    let package = INSTALLED.get_or_try_init(install).await?;
    let model = FakeModel::start(Script::answer(answer)).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "--test-timeout=60000"]).current_dir(package);
    // A test that failed leaves its stream open, which would keep Node alive.
    node.args(["--test-force-exit", tests]);
    node.env("ROOST_URL", daemon.url()).env("ROOST_TOKEN", TOKEN).env("ROOST_WORKSPACE", daemon.workspace());
    let output = finish(node).await?;
    if !output.status.success() {
        bail!("{}\nthe daemon printed:\n{}", String::from_utf8_lossy(&output.stdout), daemon.log());
    }
    Ok(())
}

/// Puts the client and the tests into a folder that is kept from run to run.
async fn install() -> anyhow::Result<PathBuf> {
    let source = program::repository().join("tests/sdk");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk");
    fs::create_dir_all(&folder)?;
    if !is_installed(&source, &folder)? {
        for file in PACKAGE {
            fs::copy(source.join(file), folder.join(file)).with_context(|| format!("cannot copy {file}"))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
        let output = finish(npm).await?;
        if !output.status.success() {
            bail!("npm cannot install the client:\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    // Node looks for packages beside the file that imports them.
    for entry in fs::read_dir(&source)? {
        let path = entry?.path();
        if let (Some("mjs"), Some(name)) = (path.extension().and_then(|ending| ending.to_str()), path.file_name()) {
            fs::copy(&path, folder.join(name))?;
        }
    }
    Ok(folder)
}

fn is_installed(source: &Path, folder: &Path) -> anyhow::Result<bool> {
    for file in PACKAGE {
        if fs::read(source.join(file))? != fs::read(folder.join(file)).unwrap_or_default() {
            return Ok(false);
        }
    }
    Ok(folder.join(FINISHED).exists())
}

async fn finish(mut command: Command) -> anyhow::Result<Output> {
    let program = command.as_std().get_program().display().to_string();
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow::anyhow!("there is no {program}: {WHAT_TO_INSTALL}"),
        _ => anyhow::anyhow!("cannot start {program}: {error}"),
    })
}

#[tokio::test]
async fn the_published_client_leads_a_session_from_its_creation_to_its_end() -> anyhow::Result<()> {
    run("session.test.mjs").await
}

#[tokio::test]
async fn the_published_client_votes_on_what_the_agent_may_do() -> anyhow::Result<()> {
    run("permission.test.mjs").await
}

#[tokio::test]
async fn the_published_client_keeps_sessions_in_order() -> anyhow::Result<()> {
    run("organization.test.mjs").await
}

#[tokio::test]
async fn the_published_client_reads_and_writes_files() -> anyhow::Result<()> {
    run("file.test.mjs").await
}

#[tokio::test]
async fn the_published_client_sees_and_changes_what_a_workspace_is_set_to() -> anyhow::Result<()> {
    run("workspace.test.mjs").await
}
