//! A client that lost its 202 sends its prompt again under the same key, and it runs once.

use std::{io::Write, net::TcpStream};

use futures_util::future::try_join_all;
use roost_core::{Envelope, EventType};
use roost_tests::{
    client::{
        Client, Response,
        events::{Cursor, check_gap_free, ids},
    },
    daemon::{Daemon, Setup},
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::host::{Host, TOKEN, scripted_agent};

fn echoing() -> AgentScript {
    AgentScript { load_session: true, afterwards: Some(vec![Step::Text("done".into())]), ..AgentScript::turns([]) }
}

fn body(key: &Value, text: &str) -> Value {
    json!({"prompt": [{"type": "text", "text": text}], "_meta": {"roost.promptKey": key}})
}

async fn send(client: &Client, session: &str, key: &str) -> anyhow::Result<Response> {
    client.post(&format!("/session/{session}/prompt"), &body(&json!(key), &format!("do {key}"))).await
}

/// What a reader of the whole stream sees, to the end of this prompt.
async fn seen(client: &Client, session: &str, prompt: &str) -> anyhow::Result<Vec<Envelope>> {
    client.events(session).from(Cursor::START).open().await?.until_end_of(prompt).await
}

fn echoes(events: &[Envelope]) -> Vec<&str> {
    let texts = events.iter().filter(|event| event.data["update"]["sessionUpdate"] == "user_message_chunk");
    texts.filter_map(|event| event.data["update"]["content"]["text"].as_str()).collect()
}

/// P6, P17: the cursor of the first answer is the cursor of every other.
#[tokio::test]
async fn a_prompt_that_is_sent_again_is_answered_as_it_was_and_runs_once() -> anyhow::Result<()> {
    let host = Host::start(echoing()).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let first = send(&client, &session, "a").await?.ok()?;
    let next = send(&client, &session, "b").await?.ok()?;
    let again = send(&client, &session, "a").await?;
    assert_eq!((again.status, again.json()), (202, first.clone()), "with the cursor that shows all of its turn");
    assert_eq!(send(&client, &session, "b").await?.json()["promptId"], next["promptId"]);
    let end = client.prompt(&session, "the end").await?;
    let events = seen(&client, &session, &end.prompt_id).await?;
    check_gap_free(&ids(&events))?;
    assert_eq!(echoes(&events), ["do a", "do b", "the end"]);
    let again = send(&client, &session, "a").await?;
    assert_eq!((again.status, again.json()), (202, first), "also when it is long over");
    assert_eq!(events.iter().filter(|event| event.kind == EventType::TurnComplete).count(), 3);
    Ok(())
}

/// P17: also where the first has not been answered yet.
#[tokio::test]
async fn of_many_at_once_under_one_key_one_is_accepted_and_all_are_told_the_same() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Hang]])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let answers = try_join_all((0..20).map(|_| send(&client, &session, "k"))).await?;
    let first = answers[0].json();
    assert!(answers.iter().all(|answer| answer.status == 202 && answer.json() == first), "{answers:?}");
    let pending = client.get(&format!("/session/{session}/pending-prompts")).await?.ok()?;
    assert_eq!(pending["pendingPrompts"].as_array().map(Vec::len), Some(1));
    Ok(())
}

/// P17: what a key is good for, and what is none.
#[tokio::test]
async fn a_key_belongs_to_one_prompt_of_one_session() -> anyhow::Result<()> {
    let host = Host::start(echoing()).await?;
    let client = host.client();
    let (one, other) = (client.new_session().await?, client.new_session().await?);
    let first = send(&client, &one, "k").await?.ok()?;
    assert_ne!(send(&client, &other, "k").await?.ok()?["promptId"], first["promptId"]);
    let path = format!("/session/{one}/prompt");
    let changed = client.post(&path, &body(&json!("k"), "something else")).await?;
    assert_eq!((changed.status, changed.code().as_deref()), (409, Some("prompt_key_conflict")));
    for wrong in [json!(""), json!("x".repeat(129)), json!("a\nb"), json!(7), json!(["k"])] {
        let refused = client.post(&path, &body(&wrong, "x")).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_prompt_key")), "{wrong}");
    }
    let without = client.post(&path, &body(&Value::Null, "do k")).await?.ok()?;
    assert_ne!(without["promptId"], first["promptId"], "null is no key");
    Ok(())
}

/// P17: every second answer is lost with its connection, and the daemon killed half-way. Whoever sends everything again until it has an
/// answer has exactly one turn for each.
#[tokio::test]
async fn whoever_sends_again_what_was_not_answered_has_every_prompt_run_once_also_over_a_kill() -> anyhow::Result<()> {
    const PROMPTS: usize = 60;
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("script.json");
    echoing().save(&script)?;
    let command = format!("{} {}", scripted_agent()?.display(), script.display());
    let mut daemon = Setup::new().program(env!("CARGO_BIN_EXE_roost")).agent(command).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let mut last = String::new();
    for n in 0..PROMPTS {
        let key = format!("k{n}");
        if n % 2 == 1 {
            hang_up(&daemon, &session, &key)?;
        }
        if n == PROMPTS / 2 {
            daemon.kill()?;
            daemon.start_again().await?;
            daemon.client()?.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
            let before = format!("k{}", n - 1);
            assert_eq!(send(&daemon.client()?, &session, &before).await?.ok()?["promptId"], last);
        }
        last = accepted(&daemon.client()?, &session, &key).await?;
    }
    let client = daemon.client()?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let end = accepted(&client, &session, "end").await?;
    let events = stream.until_end_of(&end).await?;
    let expected: Vec<String> = (0..PROMPTS).map(|n| format!("do k{n}")).chain(["do end".to_owned()]).collect();
    assert_eq!(echoes(&events), expected);
    let ends = |event: &&Envelope| matches!(event.kind, EventType::TurnComplete | EventType::TurnError);
    assert_eq!(events.iter().filter(ends).count(), PROMPTS + 1);
    Ok(())
}

/// Sends a prompt and goes away without waiting for the answer.
fn hang_up(daemon: &Daemon, session: &str, key: &str) -> anyhow::Result<()> {
    let body = body(&json!(key), &format!("do {key}")).to_string();
    let (address, length) = (daemon.address(), body.len());
    let mut line = TcpStream::connect(address)?;
    write!(
        line,
        "POST /session/{session}/prompt HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    Ok(())
}

/// Sends a prompt until there is room for it.
async fn accepted(client: &Client, session: &str, key: &str) -> anyhow::Result<String> {
    loop {
        let answer = send(client, session, key).await?;
        if answer.status == 202 {
            return Ok(answer.json()["promptId"].as_str().unwrap_or_default().to_owned());
        }
        anyhow::ensure!(answer.code().as_deref() == Some("prompt_queue_full"), "{}", answer.text());
        tokio::task::yield_now().await;
    }
}
