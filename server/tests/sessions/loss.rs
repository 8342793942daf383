use roost_core::EventType;
use roost_tests::{
    client::events::{Cursor, message_text},
    deadline::until_true,
    processes,
    scripted_agent::{AgentScript, Step},
};
use serde_json::json;

use crate::host::Host;

/// The agents of this test's own daemon: the processes that run its script.
fn agents(host: &Host) -> Vec<i32> {
    let script = &host.config.agent.args[0];
    let runs_script = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == script.as_bytes())
    };
    let own = i32::try_from(std::process::id()).expect("a process id");
    processes::tree(own).into_iter().filter(runs_script).collect()
}

fn hanging_then_answering() -> AgentScript {
    let first = vec![Step::Grandchild { seconds: 600 }, Step::Text("working".into()), Step::Hang];
    AgentScript { load_session: true, ..AgentScript::turns([first, vec![Step::Text("back".into())]]) }
}

#[tokio::test]
async fn a_killed_agent_ends_the_turn_and_the_session_and_the_next_prompt_starts_another() -> anyhow::Result<()> {
    let host = Host::start(hanging_then_answering()).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "go").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    stream.until(|event| event.data["update"]["content"]["text"] == "working").await?;
    let agent = agents(&host);
    assert_eq!(agent.len(), 1);
    let family = processes::tree(agent[0]);
    assert!(family.len() > 1, "the agent has a child of its own");
    processes::kill(agent[0]);

    let mut rest = stream.rest().await?;
    rest.retain(|event| event.id.is_some());
    let kinds: Vec<_> = rest.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["turn_error", "session_died"]);
    assert_eq!(rest[0].data["promptId"], accepted.prompt_id);
    assert_eq!(rest[1].data["signalCode"], "SIGKILL");
    until_true("the agent's whole group to be gone", || !family.iter().any(|pid| processes::is_alive(*pid))).await?;

    let events = client.turn(&session, "again").await?;
    assert_eq!(message_text(&events), "back");
    Ok(())
}

#[tokio::test]
async fn clients_of_a_lost_session_keep_their_names_on_it() -> anyhow::Result<()> {
    let host = Host::start(hanging_then_answering()).await?;
    let created = host.client().post("/session", &json!({})).await?.ok()?;
    let session = created["sessionId"].as_str().expect("an id");
    let client = host.client().with_client_id(created["clientId"].as_str().expect("an id"));
    let accepted = client.prompt(session, "go").await?;
    let mut stream = client.events(session).from(accepted.cursor()).open().await?;
    stream.until(|event| event.data["update"]["content"]["text"] == "working").await?;
    processes::kill(agents(&host)[0]);
    stream.rest().await?;
    let events = client.turn(session, "again").await?;
    assert_eq!(message_text(&events), "back");
    Ok(())
}

#[tokio::test]
async fn a_lost_session_can_be_loaded_with_all_of_its_past() -> anyhow::Result<()> {
    let host = Host::start(hanging_then_answering()).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "go").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    stream.until(|event| event.data["update"]["content"]["text"] == "working").await?;
    let before = stream.cursor().expect("events have ids");
    processes::kill(agents(&host)[0]);
    stream.rest().await?;

    let loaded = client.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(loaded["attached"], false);
    assert_eq!(loaded["eventEpoch"].as_str(), before.epoch.as_deref());
    assert!(loaded["compactedReplay"].to_string().contains("working"));
    let mut stream = client.events(&session).from(before).open().await?;
    let replayed = stream.until_type(EventType::ReplayComplete).await?;
    assert_eq!(replayed[0].kind, EventType::TurnError, "the cursor of the lost stream is good in the new one");
    Ok(())
}

#[tokio::test]
async fn an_agent_that_cannot_load_goes_on_under_a_new_name_of_its_own() -> anyhow::Result<()> {
    let script = AgentScript::turns([vec![Step::Exit(3)], vec![Step::Text("afresh".into())]]);
    let host = Host::start(script).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    client.prompt(&session, "go").await?;
    let rest = stream.rest().await?;
    assert_eq!(rest.last().expect("a farewell").data["exitCode"], 3);
    let events = client.turn(&session, "again").await?;
    let text = message_text(&events);
    assert!(text.starts_with("The agent remembers nothing") && text.ends_with("afresh"), "{text}");
    assert!(events.iter().filter(|event| event.id.is_some()).all(|event| event.data["sessionId"] == session));
    Ok(())
}

#[tokio::test]
async fn a_daemon_that_stops_leaves_no_process_behind() -> anyhow::Result<()> {
    let mut host = Host::start(hanging_then_answering()).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "go").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    stream.until(|event| event.data["update"]["content"]["text"] == "working").await?;
    let family: Vec<i32> = agents(&host).into_iter().flat_map(processes::tree).collect();
    assert!(family.len() > 1);
    let (stopped, rest) = tokio::join!(host.restart(), stream.rest());
    stopped?;
    let rest = rest?;
    assert_eq!(rest.iter().filter(|event| event.kind == EventType::TurnError).count(), 1);
    assert_eq!(rest.last().expect("a farewell").kind, EventType::SessionDied);
    until_true("the agent's whole group to be gone", || !family.iter().any(|pid| processes::is_alive(*pid))).await?;
    Ok(())
}
