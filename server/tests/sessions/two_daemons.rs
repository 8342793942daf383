//! Two daemons of one home that serve the same folder.

use roost_core::EventType;
use roost_server::serve;
use roost_tests::{
    client::{
        Client,
        events::{Cursor, check_gap_free, ids, message_text},
    },
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::host::{Host, TOKEN};

/// R8: whoever has a session open has it alone. Its running prompt is not taken for an interrupted one, and its files stay.
#[tokio::test]
async fn a_session_that_another_daemon_has_open_is_left_to_it() -> anyhow::Result<()> {
    let turns = vec![vec![Step::Text("half ".into()), Step::Hang], vec![Step::Text("more".into())]];
    let host = Host::start(AgentScript { load_session: true, ..AgentScript::turns(turns) }).await?;
    let first = host.client();
    let session = first.new_session().await?;
    let mut stream = first.events(&session).from(Cursor::START).open().await?;
    first.prompt(&session, "go").await?;
    let mut seen = stream.until(|event| event.data["update"]["content"]["text"] == "half ").await?;

    let other = serve::start(host.config.clone()).await?;
    let second = Client::new(other.address()).with_token(TOKEN);
    for action in ["load", "resume"] {
        let refused = second.post(&format!("/session/{session}/{action}"), &json!({})).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (409, Some("session_held_elsewhere")), "{action}");
    }
    let named = format!("/workspaces/{}/session/{session}/metadata", host.selector());
    let refused = second.patch(&named, &json!({"displayName": "Taken"})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (409, Some("session_held_elsewhere")));
    for (batch, done) in [("archive", "archived"), ("delete", "removed")] {
        let answer = second.post(&format!("/sessions/{batch}"), &json!({"sessionIds": [session]})).await?.ok()?;
        assert_eq!(answer[done], json!([]), "{batch}");
        let why = answer["errors"][0]["error"].as_str().unwrap_or_default().to_owned();
        assert!(why.contains("Another daemon"), "{batch}: {answer}");
    }
    let list = second.get(&format!("/workspace/{}/sessions", host.selector())).await?.ok()?;
    assert_eq!(list["sessions"][0]["sessionId"], session, "it can be seen");

    first.post(&format!("/session/{session}/cancel"), &json!({})).await?;
    seen.extend(stream.until(|event| event.kind == EventType::TurnComplete).await?);
    assert!(seen.iter().all(|event| event.kind != EventType::TurnError), "nobody else has ended the turn");
    assert_eq!(first.delete(&format!("/session/{session}")).await?.status, 204);
    seen.extend(stream.rest().await?);
    check_gap_free(&ids(&seen))?;

    let loaded = second.post(&format!("/session/{session}/load"), &json!({})).await?.ok()?;
    assert_eq!(loaded["partial"], Value::Null, "{loaded}");
    assert_eq!(message_text(&second.turn(&session, "and now").await?), "more");
    let refused = first.post(&format!("/session/{session}/load"), &json!({})).await?;
    assert_eq!(refused.code().as_deref(), Some("session_held_elsewhere"), "now it is the other's");
    other.stop().await;
    Ok(())
}
