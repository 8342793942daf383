//! The flags and the environment, by the program itself.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

use anyhow::Context;
use rcgen::generate_simple_self_signed;
use roost_tests::{
    client::events::{Cursor, message_text},
    daemon::Setup,
    deadline::until_true,
    fake_model::{FakeModel, Script, Step},
    identity_provider::{IdentityProvider, Terms},
};
use serde_json::json;

const KEY: &str = "sk-canary-key";

fn roost(home: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roost"));
    command.env_clear().env("HOME", home).env("QWEN_HOME", home.join(".qwen")).current_dir(home).arg("serve");
    command
}

#[test]
fn flags_that_make_no_sense_are_refused_in_one_sentence() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let unsafe_list = json!([{
        "id": "corp", "clientId": "c", "deviceAuthorizationEndpoint": "http://id.example/d", "tokenEndpoint": "https://id.example/t",
    }]);
    fs::write(home.path().join("unsafe.json"), unsafe_list.to_string())?;
    for (args, said) in [
        (&["--tls-cert", "cert.pem"][..], "--tls-key"),
        (&["--tls-key", "key.pem"], "--tls-cert"),
        (&["--tls-cert", "cert.pem", "--tls-key", "key.pem"], "cannot read --tls-cert cert.pem"),
        (&["--rate-limit-prompt", "5"], "--rate-limit"),
        (&["--rate-limit", "--rate-limit-read", "0"], "--rate-limit-read"),
        (&["--rate-limit", "--rate-limit-window-ms", "999"], "1000 at least"),
        (&["--max-body-size", "10GB"], "10MB"),
        (&["--max-body-size", "1"], "1KB"),
        (&["--identity-providers", "nowhere.json"], "cannot read --identity-providers nowhere.json"),
        (&["--identity-providers", "unsafe.json"], "`deviceAuthorizationEndpoint` of `corp` must be https"),
    ] {
        let Output { status, stdout, stderr } = roost(home.path()).args(["--port", "0"]).args(args).output()?;
        let text = String::from_utf8(stderr)?;
        assert!(!status.success() && stdout.is_empty(), "{args:?}");
        assert!(text.contains(said), "{args:?} said {text}");
    }
    Ok(())
}

#[test]
fn the_link_of_a_daemon_with_tls_is_https() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let made = generate_simple_self_signed(["localhost".to_owned()])?;
    fs::write(home.path().join("cert.pem"), made.cert.pem())?;
    fs::write(home.path().join("key.pem"), made.signing_key.serialize_pem())?;
    let mut command = roost(home.path());
    command.args(["--port", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let mut daemon = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let lines = BufReader::new(daemon.stdout.take().context("piped")?).lines();
    let link = lines.map_while(Result::ok).find(|line| line.contains("#code="));
    daemon.kill()?;
    daemon.wait()?;
    assert!(link.is_some_and(|line| line.contains("https://127.0.0.1:")));
    Ok(())
}

#[tokio::test]
async fn the_environment_can_limit_requests() -> anyhow::Result<()> {
    let setup = Setup::new()
        .program(env!("CARGO_BIN_EXE_roost"))
        .env("QWEN_SERVE_RATE_LIMIT", "1")
        .env("QWEN_SERVE_RATE_LIMIT_READ", "1");
    let daemon = setup.start().await?;
    let client = daemon.client()?;
    assert_eq!(client.get("/capabilities").await?.status, 200);
    assert_eq!(client.get("/capabilities").await?.status, 429);
    Ok(())
}

/// F3: neither code nor token nor key comes into the log, whatever is logged.
#[tokio::test]
async fn the_agent_uses_what_was_connected_and_the_log_has_no_secret() -> anyhow::Result<()> {
    let provider = IdentityProvider::start(Terms { expires_in: Some(600), interval: Some(1) }).await?;
    let model = FakeModel::start(Script::turns([vec![Step::text("hello from my own server")]])).await?;
    let list = tempfile::NamedTempFile::new()?;
    fs::write(list.path(), json!([provider.entry("qwen-oauth")]).to_string())?;
    let setup = Setup::new()
        .program(env!("CARGO_BIN_EXE_roost"))
        .arg("--allow-private-auth-base-url")
        .arg("--identity-providers")
        .arg(list.path())
        .env("ROOST_LOG", "trace");
    let daemon = setup.start().await?;
    let client = daemon.client()?;

    let install = json!({"providerId": "custom-openai-compatible", "apiKey": KEY, "baseUrl": model.base_url(), "modelIds": ["mine"]});
    client.post("/workspace/auth/provider", &install).await?.ok()?;
    let session = client.new_session().await?;
    let events = client.turn(&session, "go").await?;
    assert_eq!(message_text(&events), "hello from my own server");
    let request = &model.requests()[0];
    assert_eq!((request.model(), request.authorization.as_deref()), ("mine", Some("Bearer sk-canary-key")));

    let mut news = client.events(&session).from(Cursor::START).open().await?;
    let begun = client.post("/workspace/auth/device-flow", &json!({"providerId": "qwen-oauth"})).await?.ok()?;
    let code = begun["userCode"].as_str().context("a code")?;
    provider.approve(code);
    news.until_type(roost_core::EventType::AuthDeviceFlowAuthorized).await?;
    let told = || daemon.log().contains("/workspace/auth/device-flow");
    until_true("the log to have the request", told).await?;
    let log = daemon.log();
    assert!(!log.contains("canary") && !log.contains(code), "{log}");
    Ok(())
}
