use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::Context;
use roost_tests::{client::Client, deadline::until, processes};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::issues;

const TOKEN: &str = "canary-token-of-the-log";

/// A daemon of its own process, which ends when this is dropped.
struct Daemon {
    child: Child,
    /// Held open: a daemon that cannot print its greeting to the end does not go on.
    _stdout: BufReader<ChildStdout>,
    home: TempDir,
    client: Client,
}

impl Daemon {
    fn start(args: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        Self::start_in(home, args, environment)
    }

    fn start_in(home: TempDir, args: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roost"));
        command.env_clear().env("HOME", home.path()).env("QWEN_HOME", home.path().join(".qwen"));
        command.env("QWEN_SERVER_TOKEN", TOKEN).current_dir(home.path());
        command.args(["serve", "--port", "0"]).args(args).envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().context("stdout is a pipe")?);
        let port = stdout.by_ref().lines().map_while(Result::ok).find_map(|line| {
            let rest = line.split("http://127.0.0.1:").nth(1)?;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u16>().ok()
        });
        let client = Client::new(([127, 0, 0, 1], port.context("it says where it listens")?).into()).with_token(TOKEN);
        Ok(Self { child, _stdout: stdout, home, client })
    }

    fn log(&self) -> std::path::PathBuf {
        self.home.path().join(".qwen/roost/log/daemon.log")
    }

    /// Ends it in good order, so that everything is written.
    fn stop(&mut self) -> anyhow::Result<()> {
        processes::terminate(i32::try_from(self.child.id())?);
        anyhow::ensure!(self.child.wait()?.success(), "it ends well");
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(path: &Path) -> anyhow::Result<Vec<Value>> {
    let text = fs::read_to_string(path)?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

fn requests(path: &Path) -> anyhow::Result<Vec<Value>> {
    Ok(lines(path)?.into_iter().filter(|line| line["message"] == "request").collect())
}

#[tokio::test]
async fn a_request_is_one_line_with_its_route_and_without_its_secrets() -> anyhow::Result<()> {
    let mut daemon = Daemon::start(&[], &[("ROOST_LOG_FILE", "info")])?;
    let session = daemon.client.new_session().await?;
    daemon.client.turn(&session, "a canary prompt").await?;
    let client = daemon.client.clone().with_client_id("canary:client-1");
    client.get(&format!("/session/{session}/status?token=canary-query")).await?;
    client.get("/canary/path").await?;
    client.get("/workspaces/canary-workspace/sessions").await?;
    client.get("/session/canary-session/export").await?;
    daemon.stop()?;

    let log = daemon.log();
    assert_eq!(fs::metadata(&log)?.permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&log)?;
    for secret in [TOKEN, "a canary prompt", "canary-query", "canary/path", "canary-workspace"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let told: Vec<(Value, Value, Value, Value, Value)> = requests(&log)?
        .into_iter()
        .map(|line| {
            assert!(line["duration_ms"].is_f64() && line["timestamp"].is_string(), "{line}");
            let [method, route, status] = ["method", "route", "status"].map(|key| line[key].clone());
            (method, route, status, line["session"].clone(), line["client"].clone())
        })
        .collect();
    let row = |method: &str, route: Option<&str>, status: u16, session: Option<&str>, client: Option<&str>| {
        (json!(method), json!(route), json!(status), json!(session), json!(client))
    };
    let (own, name) = (Some(session.as_str()), Some("canary:client-1"));
    for expected in [
        row("POST", Some("/session"), 200, None, None),
        row("POST", Some("/session/{id}/prompt"), 202, own, None),
        row("GET", Some("/session/{id}/events"), 200, own, None),
        row("GET", Some("/session/{id}/status"), 200, own, name),
        row("GET", None, 404, None, name),
        row("GET", Some("/workspaces/{workspace}/sessions"), 400, None, name),
        row("GET", Some("/session/{id}/export"), 404, Some("canary-session"), name),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_file_holds_no_requests_unless_asked_and_none_is_there_when_not_wanted() -> anyhow::Result<()> {
    let mut usual = Daemon::start(&[], &[])?;
    usual.client.get("/capabilities").await?.ok()?;
    let status = usual.client.get("/daemon/status?detail=full").await?.ok()?;
    let daemon = &status["daemon"];
    assert_eq!((&daemon["logMode"], &daemon["logHealth"]), (&json!("stable"), &json!("ok")));
    assert_eq!(daemon["logPath"], json!(usual.log()));
    assert_eq!((&daemon["logDroppedRecords"], &daemon["logIssues"]), (&json!(0), &json!([])));
    let summary = usual.client.get("/daemon/status").await?.ok()?;
    assert!(summary["daemon"].get("logPath").is_none() && summary["daemon"]["logHealth"] == "ok");
    usual.stop()?;
    assert!(requests(&usual.log())?.is_empty());

    for (args, environment) in [(&["--no-log-file"][..], &[][..]), (&[][..], &[("ROOST_LOG_FILE", "off")][..])] {
        let mut quiet = Daemon::start(args, environment)?;
        let status = quiet.client.get("/daemon/status").await?.ok()?;
        assert!(status["daemon"].get("logHealth").is_none(), "{status}");
        quiet.stop()?;
        assert!(!quiet.log().exists());
    }
    Ok(())
}

#[tokio::test]
async fn a_log_that_cannot_be_written_makes_the_daemon_unwell_and_stops_nothing() -> anyhow::Result<()> {
    let daemon = Daemon::start(&["--log-file", "/dev/full"], &[("ROOST_LOG_FILE", "info")])?;
    let unwell = until("a line to be lost", async || {
        let status = daemon.client.get("/daemon/status?detail=full").await?.ok()?;
        Ok(issues(&status).contains(&"daemon_log_degraded").then_some(status))
    })
    .await?;
    assert!(unwell["daemon"]["logDroppedRecords"].as_u64() > Some(0));
    assert!(unwell["daemon"]["logIssues"][0].as_str().is_some_and(|issue| issue.contains("space")), "{unwell}");
    let metrics = daemon.client.get("/metrics").await?.text();
    let lost = metrics.lines().find_map(|line| line.strip_prefix("roost_log_lines_lost_total "));
    assert!(lost.context("losses are counted")?.parse::<u64>()? > 0);
    assert_eq!(unwell["daemon"]["logHealth"], "degraded");
    Ok(())
}

#[test]
fn a_filter_that_is_none_is_refused_by_name() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let output = Command::new(env!("CARGO_BIN_EXE_roost"))
        .args(["serve", "--port", "0"])
        .env_clear()
        .env("HOME", home.path())
        .env("ROOST_LOG_FILE", "=[nonsense")
        .current_dir(home.path())
        .output()?;
    let said = String::from_utf8(output.stderr)?;
    assert!(!output.status.success() && said.contains("=[nonsense"), "{said}");
    Ok(())
}
