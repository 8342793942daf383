//! Command lines of the users': `POST /session/:id/shell`.

use std::time::Duration;

use anyhow::Context;
use roost_core::EventType;
use roost_tests::{
    client::{
        Client,
        events::{Cursor, updates},
    },
    deadline::until_true,
};
use serde_json::{Value, json};

use crate::host::{Host, saying};

async fn host() -> anyhow::Result<Host> {
    Host::start_with(saying(&[]), |config| config.enable_session_shell = true).await
}

/// A client that is registered on a session of its own.
async fn at_home(host: &Host) -> anyhow::Result<(Client, String)> {
    let created = host.client().post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
    let text = |key: &str| created[key].as_str().expect("a text").to_owned();
    Ok((host.client().with_client_id(text("clientId")), text("sessionId")))
}

async fn run(client: &Client, session: &str, command: &str) -> anyhow::Result<Value> {
    client.post(&format!("/session/{session}/shell"), &json!({"command": command})).await?.ok()
}

#[tokio::test]
async fn a_command_runs_in_the_sessions_folder_and_everybody_watches() -> anyhow::Result<()> {
    let host = host().await?;
    let (client, session) = at_home(&host).await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let done = run(&client, &session, "echo from the shell > made.txt; cat made.txt; exit 3").await?;
    assert_eq!(done, json!({"exitCode": 3, "output": "from the shell\n", "aborted": false}));
    assert_eq!(std::fs::read_to_string(host.config.workspace.join("made.txt"))?, "from the shell\n");

    let events = stream.until_type(EventType::UserShellResult).await?;
    let command = events.iter().find(|event| event.kind == EventType::UserShellCommand).expect("it was announced");
    assert_eq!(command.data["cwd"], json!(host.config.workspace));
    assert!(command.originator_client_id.is_some());
    let output: String = updates(&events, "shell_output").filter_map(|update| update["output"].as_str()).collect();
    assert_eq!(output, "from the shell\n");
    let result = events.last().expect("it was waited for");
    assert_eq!(
        (&result.data["exitCode"], &result.data["signal"], &result.data["aborted"]),
        (&json!(3), &Value::Null, &json!(false))
    );
    let features = client.get("/capabilities").await?.ok()?["features"].clone();
    assert!(features.as_array().is_some_and(|tags| tags.contains(&json!("session_shell_command"))));
    Ok(())
}

#[tokio::test]
async fn the_checks_come_in_their_order() -> anyhow::Result<()> {
    let off = Host::start(saying(&[])).await?;
    let client = off.client();
    let session = client.new_session().await?;
    let path = format!("/session/{session}/shell");
    let bad_header = client.clone().with_client_id("no spaces please");
    let refused = bad_header.post(&path, &json!({})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (403, Some("session_shell_disabled")));
    assert_eq!(refused.json()["errorKind"], "session_shell_disabled");
    let features = client.get("/capabilities").await?.ok()?["features"].clone();
    assert!(!features.as_array().is_some_and(|tags| tags.contains(&json!("session_shell_command"))));

    let on = host().await?;
    let (registered, session) = at_home(&on).await?;
    let path = format!("/session/{session}/shell");
    let answer = async |client: &Client, path: &str, body: Value| -> anyhow::Result<(u16, Option<String>)> {
        let answer = client.post(path, &body).await?;
        Ok((answer.status, answer.code()))
    };
    let code = |code: &str| Some(code.to_owned());
    assert_eq!(
        answer(&on.client().with_client_id("no spaces please"), &path, json!({})).await?,
        (400, code("invalid_client_id"))
    );
    assert_eq!(answer(&on.client(), &path, json!({})).await?, (403, code("client_id_required")));
    assert_eq!(answer(&registered, &path, json!({})).await?, (400, None));
    assert_eq!(answer(&registered, &path, json!({"command": " "})).await?, (400, None));
    assert_eq!(answer(&registered, &path, json!({"command": "echo a\0b"})).await?, (400, None));
    let stranger = on.client().with_client_id("client_stranger");
    assert_eq!(answer(&stranger, &path, json!({"command": "ls"})).await?, (400, code("invalid_client_id")));
    assert_eq!(
        answer(&registered, "/session/none/shell", json!({"command": "ls"})).await?,
        (404, code("session_not_found"))
    );
    Ok(())
}

#[tokio::test]
async fn a_command_past_its_deadline_is_stopped_with_all_it_started() -> anyhow::Result<()> {
    let host = Host::start_with(saying(&[]), |config| {
        config.enable_session_shell = true;
        // Long enough for a shell to begin on a busy machine.
        config.timeouts.session_shell = Duration::from_secs(3);
    })
    .await?;
    let (client, session) = at_home(&host).await?;
    let done = run(&client, &session, "sleep 600 & echo $! > pid; wait").await?;
    assert_eq!((&done["aborted"], &done["exitCode"]), (&json!(true), &Value::Null));
    until_gone(&host).await
}

/// X1: closing a session ends what its clients run, and answers them.
#[tokio::test]
async fn closing_the_session_ends_the_command() -> anyhow::Result<()> {
    let host = host().await?;
    let (client, session) = at_home(&host).await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let (running, closing) = (client.clone(), client.clone());
    let path = format!("/session/{session}");
    let (done, closed, rest) = tokio::join!(
        run(&running, &session, "sleep 600 & echo $! > pid; echo started; wait"),
        async {
            until_true("the command to run", || left_by(&host).is_some()).await?;
            closing.delete(&path).await
        },
        stream.rest(),
    );
    assert_eq!(closed?.status, 204);
    assert_eq!(done?["aborted"], true);
    let kinds: Vec<_> = rest?.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds[kinds.len() - 2..], [EventType::UserShellResult, EventType::SessionClosed]);
    until_gone(&host).await
}

#[tokio::test]
async fn a_client_that_hangs_up_takes_its_command_along() -> anyhow::Result<()> {
    let host = host().await?;
    let (client, session) = at_home(&host).await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    tokio::select! {
        done = run(&client, &session, "sleep 600 & echo $! > pid; wait") => anyhow::bail!("it ended: {done:?}"),
        running = until_true("the command to run", || left_by(&host).is_some()) => running?,
    }
    let events = stream.until_type(EventType::UserShellResult).await?;
    assert_eq!(events.last().expect("it was waited for").data["aborted"], true);
    until_gone(&host).await
}

/// The process that the command has started, once its id is written.
fn left_by(host: &Host) -> Option<i32> {
    let text = std::fs::read_to_string(host.config.workspace.join("pid")).ok()?;
    text.strip_suffix('\n')?.parse().ok()
}

async fn until_gone(host: &Host) -> anyhow::Result<()> {
    let pid = left_by(host).context("the command has begun")?;
    until_true("what the command started to be gone", || !roost_tests::processes::is_alive(pid)).await
}
