use roost_tests::scripted_agent::{AgentScript, Step};
use serde_json::json;

use crate::host::Host;

#[tokio::test]
async fn a_turn_is_followed_from_the_queue_to_its_end() -> anyhow::Result<()> {
    let failing = vec![Step::Fail { code: -32000, message: "no such model".to_owned() }];
    let host =
        Host::start(AgentScript::turns([vec![Step::Text("said".to_owned())], vec![Step::Hang], failing])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let current = format!("/session/{session}/turns/current");
    assert_eq!(client.get(&current).await?.ok()?, json!({"sessionId": session, "state": "idle"}));

    client.turn(&session, "ask").await?;
    let done = client.get(&current).await?.ok()?;
    assert_eq!((&done["state"], &done["stopReason"]), (&json!("completed"), &json!("end_turn")));
    assert_eq!((&done["promptText"], &done["resultText"]), (&json!("ask"), &json!("said")));
    assert!(
        done["queuedAt"].as_u64() <= done["startedAt"].as_u64()
            && done["startedAt"].as_u64() <= done["endedAt"].as_u64()
    );

    let hanging = client.prompt(&session, "hang").await?;
    let failing = client.prompt(&session, "fail").await?;
    let mut stream = client.events(&session).from(hanging.cursor()).open().await?;
    stream.until(|event| event.data["update"]["sessionUpdate"] == "user_message_chunk").await?;
    let running = client.get(&current).await?.ok()?;
    assert_eq!((&running["state"], &running["promptId"]), (&json!("running"), &json!(hanging.prompt_id)));
    assert!(running["startedAt"].is_u64() && running.get("endedAt").is_none(), "{running}");
    let by_name = |prompt: &str| format!("/session/{session}/turns/{prompt}");
    let queued = client.get(&by_name(failing.prompt_id.as_str())).await?.ok()?;
    assert_eq!((&queued["state"], &queued["promptText"]), (&json!("queued"), &json!("fail")));

    client.post(&format!("/session/{session}/cancel"), &json!({})).await?;
    stream.until_end_of(&failing.prompt_id).await?;
    let cancelled = client.get(&by_name(hanging.prompt_id.as_str())).await?.ok()?;
    assert_eq!((&cancelled["state"], &cancelled["stopReason"]), (&json!("cancelled"), &json!("cancelled")));
    let failed = client.get(&current).await?.ok()?;
    assert_eq!((&failed["state"], &failed["error"]["message"]), (&json!("error"), &json!("no such model")));

    let unknown = client.get(&by_name("nope")).await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (404, Some("prompt_not_found")));
    assert_eq!(unknown.json()["promptId"], "nope");
    assert_eq!(client.get("/session/nope/turns/current").await?.code().as_deref(), Some("session_not_found"));
    Ok(())
}

/// P9: a prompt that was taken back while it waited has ended, and whoever missed its terminal can ask.
#[tokio::test]
async fn a_turn_that_never_began_is_known_as_cancelled() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::turns([vec![Step::Hang]])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.prompt(&session, "hang").await?;
    let queued = client.prompt(&session, "never mind").await?;
    let taken_back = client.delete(&format!("/session/{session}/pending-prompts/{}", queued.prompt_id)).await?;
    assert_eq!(taken_back.ok()?, json!({"removed": true}));
    // It keeps its place until its turn comes (P9).
    client.post(&format!("/session/{session}/cancel"), &json!({})).await?;
    let turn = client.get(&format!("/session/{session}/turns/{}", queued.prompt_id)).await?.ok()?;
    assert_eq!((&turn["state"], &turn["promptText"]), (&json!("cancelled"), &json!("never mind")));
    assert!(turn.get("startedAt").is_none(), "{turn}");
    Ok(())
}
