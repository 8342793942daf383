use roost_core::EventType;
use roost_server::config::TokenSource;
use roost_tests::{client::events::Cursor, scripted_agent::AgentScript};
use serde_json::json;

use crate::host::{Host, saying};

const ROUNDS: usize = 200;
const LOADERS: usize = 4;

fn with_modes() -> AgentScript {
    let modes = json!({"modes": {"currentModeId": "default", "availableModes": []}});
    let extensions = [("session/new", modes), ("session/set_mode", json!({}))];
    let extensions = extensions.map(|(method, answer)| (method.to_owned(), answer)).into();
    AgentScript { extensions, ..saying(&[]) }
}

#[tokio::test]
async fn who_joins_may_wish_for_a_mode() -> anyhow::Result<()> {
    let host = Host::start(with_modes()).await?;
    let client = host.client();
    let session = client.post("/session", &json!({})).await?.ok()?["sessionId"].as_str().expect("an id").to_owned();
    let mut stream = client.events(&session).from(Cursor::START).open().await?;
    let joined = client.post("/session", &json!({"approvalMode": "plan"})).await?.ok()?;
    assert_eq!((&joined["sessionId"], &joined["attached"]), (&json!(session), &json!(true)));
    let events = stream.until_type(EventType::ApprovalModeChanged).await?;
    let changed = events.last().expect("it was waited for");
    assert_eq!(
        (&changed.data["next"], json!(changed.originator_client_id)),
        (&json!("plan"), joined["clientId"].clone())
    );
    for (action, mode) in [("load", "auto-edit"), ("resume", "plan")] {
        let body = json!({"approvalMode": mode});
        let restored = client.post(&format!("/session/{session}/{action}"), &body).await?.ok()?;
        assert_eq!((&restored["attached"], &restored["state"]["modes"]["currentModeId"]), (&json!(true), &json!(mode)));
    }
    Ok(())
}

#[tokio::test]
async fn where_nobody_has_a_token_joining_switches_no_mode() -> anyhow::Result<()> {
    let host = Host::start_with(with_modes(), |config| config.token = TokenSource::Off).await?;
    let client = host.client().without_token();
    let session = client.post("/session", &json!({})).await?.ok()?["sessionId"].as_str().expect("an id").to_owned();
    let wish = json!({"approvalMode": "yolo"});
    assert_eq!(client.post("/session", &wish).await?.ok()?["attached"], true);
    assert_eq!(client.post(&format!("/session/{session}/load"), &wish).await?.ok()?["attached"], true);
    let state = &client.get(&format!("/session/{session}/context")).await?.ok()?["state"];
    assert_eq!(state["modes"]["currentModeId"], "default");
    Ok(())
}

/// A session that somebody closes while another loads it is loaded once more, or told to be gone or going; it is never an error of the
/// daemon's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_meets_a_close_is_no_failure() -> anyhow::Result<()> {
    let host = Host::start(AgentScript { load_session: true, ..saying(&["one"]) }).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "hi").await?;
    let (load, close) = (format!("/session/{session}/load"), format!("/session/{session}"));
    let closing = async {
        for _ in 0..ROUNDS {
            let closed = client.delete(&close).await?;
            anyhow::ensure!([204, 404, 409].contains(&closed.status), "{}", closed.text());
        }
        anyhow::Ok(())
    };
    let loading = async {
        let loads = (0..LOADERS).map(|_| async {
            for _ in 0..ROUNDS / LOADERS {
                let loaded = client.post(&load, &json!({})).await?;
                anyhow::ensure!([200, 404, 409].contains(&loaded.status), "{} {}", loaded.status, loaded.text());
            }
            anyhow::Ok(())
        });
        futures_util::future::try_join_all(loads).await
    };
    let (closed, loaded) = tokio::join!(closing, loading);
    closed?;
    loaded?;
    assert!(client.post(&load, &json!({})).await?.ok()?["compactedReplay"].to_string().contains("one"));
    Ok(())
}
