use std::num::{NonZeroU32, NonZeroUsize};

use anyhow::Context;
use roost_core::{EventType, Millis, rate_limit::RateLimits};
use roost_tests::scripted_agent::{AgentScript, Step};
use serde_json::{Value, json};

use crate::{
    host::{Host, saying},
    issues,
};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

#[tokio::test]
async fn an_idle_daemon_is_well_and_says_so_from_memory() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let capabilities = client.get("/capabilities").await?.ok()?;
    for path in ["/daemon/status", "/daemon/status?detail=summary"] {
        let status = client.get(path).await?.ok()?;
        let top = [
            "v",
            "detail",
            "generatedAt",
            "status",
            "issues",
            "daemon",
            "security",
            "limits",
            "workspaces",
            "capabilities",
            "runtime",
        ];
        assert_eq!(keys(&status), top, "{path}");
        assert_eq!((&status["v"], &status["detail"], &status["status"]), (&json!(1), &json!("summary"), &json!("ok")));
        assert_eq!(status["issues"], json!([]));
        assert!(Millis::from_iso(status["generatedAt"].as_str().unwrap_or_default()).is_some(), "{status}");

        let daemon = &status["daemon"];
        assert_eq!(daemon["pid"], std::process::id());
        assert_eq!(daemon["daemonId"], format!("daemon:{}", std::process::id()));
        assert_eq!((&daemon["mode"], &daemon["workspaceCwd"]), (&json!("http-bridge"), &json!(host.config.workspace)));
        assert!(daemon["uptimeMs"].is_u64() && daemon["runId"].as_str().is_some_and(|id| id.len() == 32));

        let security = json!({
            "tokenConfigured": true, "requireAuth": false, "loopbackBind": true, "allowOriginConfigured": false,
            "allowOriginMode": "none", "sessionShellCommandEnabled": false,
        });
        assert_eq!(status["security"], security);
        assert_eq!(status["workspaces"], capabilities["workspaces"]);
        assert_eq!(status["capabilities"]["features"], capabilities["features"]);
        assert_eq!(status["capabilities"]["protocolVersions"], capabilities["protocolVersions"]);
        let limits = &status["limits"];
        assert_eq!((&limits["maxSessions"], &limits["maxTotalSessions"]), (&json!(32), &json!(32)));
        assert_eq!((&limits["promptDeadlineMs"], &limits["acpConnectionCap"]), (&Value::Null, &json!(64)));
        assert_eq!(limits["channelIdleTimeoutMs"], 60_000);

        assert_eq!((&limits["maxJournalEvents"], &limits["maxJournalBytes"]), (&json!(10_000), &json!(8_388_608)));
        let startup = &status["daemon"]["startup"];
        let moment = |name: &str| startup[name].as_str().and_then(Millis::from_iso);
        let (started, ready) = (moment("processStartedAt"), moment("listenerReadyAt"));
        assert!(started.is_some() && started <= ready, "{startup}");
        assert_eq!(startup["preheat"], json!({"status": "disabled"}));

        let runtime = &status["runtime"];
        assert_eq!(runtime["sessions"], json!({"active": 0}));
        assert_eq!(runtime["permissions"], json!({"pending": 0, "policy": "first-responder"}));
        assert_eq!(runtime["channel"], json!({"live": false}));
        assert_eq!(runtime["channelWorker"], json!({"enabled": false, "state": "disabled", "channels": []}));
        let acp = [
            "enabled",
            "connections",
            "connectionStreams",
            "sessionStreams",
            "sseStreams",
            "wsStreams",
            "pendingClientRequests",
        ];
        assert_eq!(keys(&runtime["transport"]["acp"]), acp);
        let hits = json!({"prompt": 0, "mutation": 0, "read": 0});
        assert_eq!(runtime["rateLimit"], json!({"enabled": false, "rejectedSinceStart": hits}));
        assert!(runtime["process"]["rss"].as_u64().is_some_and(|bytes| bytes > 1_000_000), "{runtime}");
    }
    assert_eq!(
        client.get("/workspace/acp/status").await?.ok()?,
        json!({"channelLive": false}),
        "asking starts nothing"
    );
    Ok(())
}

#[tokio::test]
async fn another_detail_is_refused() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    for detail in ["bogus", "", "Full", "full&detail=full"] {
        let refused = host.client().get(&format!("/daemon/status?detail={detail}")).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_detail")), "{detail}");
    }
    Ok(())
}

#[tokio::test]
async fn what_goes_on_is_counted_and_what_is_amiss_is_named() -> anyhow::Result<()> {
    let script = AgentScript::turns([vec![Step::AskToWrite { path: "a.txt".into(), content: "x".to_owned() }]]);
    let host = Host::start_with(script, |config| config.limits.max_sessions = NonZeroUsize::new(1)).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let running = client.prompt(&session, "write").await?;
    client.prompt(&session, "and again").await?;
    let mut stream = client.events(&session).from(running.cursor()).open().await?;
    stream.until_type(EventType::PermissionRequest).await?;

    let status = client.get("/daemon/status").await?.ok()?;
    assert_eq!(status["status"], "warning");
    assert_eq!(issues(&status), ["session_capacity_high", "pending_permissions"]);
    let runtime = &status["runtime"];
    assert_eq!((&runtime["sessions"]["active"], &runtime["permissions"]["pending"]), (&json!(1), &json!(1)));
    assert_eq!((&runtime["channel"]["live"], &runtime["transport"]["restSseActive"]), (&json!(true), &json!(1)));
    let activity = &runtime["activity"];
    assert_eq!((&activity["activePrompts"], &activity["pendingPrompts"]), (&json!(1), &json!(2)));
    assert_eq!((&activity["queuedPrompts"], &activity["idleSinceMs"]), (&json!(1), &Value::Null));
    assert!(activity["lastActivityAt"].is_string());
    let perf = &runtime["perf"];
    assert_eq!(perf["promptQueueWait"]["count"], 1, "the second prompt waits still");
    for direction in ["inbound", "outbound"] {
        let pipe = &perf["pipe"][direction];
        let numbers = ["count", "totalBytes", "maxBytes"].map(|name| pipe[name].as_u64().unwrap_or_default());
        assert!(numbers[0] > 1 && numbers[1] > numbers[2] && numbers[2] > 10, "{pipe}");
    }
    assert!(perf["eventLoop"]["p99Ms"].as_f64() <= perf["eventLoop"]["maxMs"].as_f64(), "{perf}");
    assert!(status.get("full").is_none());
    Ok(())
}

#[tokio::test]
async fn the_long_version_goes_session_by_session_and_asks_the_workspace() -> anyhow::Result<()> {
    let host = Host::start(saying(&["hello"])).await?;
    let client = host.client();
    let attached = client.post("/session", &json!({"sessionScope": "thread"})).await?.ok()?;
    let session = attached["sessionId"].as_str().context("a session has an id")?.to_owned();
    client.turn(&session, "hi there, canary prompt").await?;
    client.patch(&format!("/session/{session}/metadata"), &json!({"displayName": "Mine"})).await?.ok()?;
    let _stream = client.events(&session).open().await?;

    let answer = client.get("/daemon/status?detail=full").await?;
    let status = answer.ok()?;
    assert_eq!(status["detail"], "full");
    let full = &status["full"];
    let one = &full["sessions"][0];
    assert_eq!((&one["sessionId"], &one["workspaceCwd"]), (&json!(session), &json!(host.config.workspace)));
    assert_eq!((&one["displayName"], &one["clientCount"]), (&json!("Mine"), &json!(1)));
    assert_eq!((&one["subscriberCount"], &one["attachCount"]), (&json!(1), &json!(1)));
    assert_eq!((&one["hasActivePrompt"], &one["pendingPromptCount"]), (&json!(false), &json!(0)));
    assert!(one["lastEventId"].as_u64() > Some(3), "{one}");
    assert!(Millis::from_iso(one["createdAt"].as_str().unwrap_or_default()).is_some(), "{one}");
    assert!(one["lastSeenAt"].as_u64() > Some(1_500_000_000_000), "{one}");
    assert_eq!(full["acpConnections"], json!([]));
    assert_eq!(full["auth"], json!({"supportedDeviceFlowProviders": [], "pendingDeviceFlowCount": 0}));
    for section in ["env", "preflight", "providers", "tools"] {
        let told = &full["workspace"][section];
        let status = told["status"].as_str().unwrap_or_default();
        assert!(["ok", "warning"].contains(&status), "{section}: {told}");
        assert!(told["summary"]["initialized"].is_boolean(), "{section}: {told}");
        assert!(told["durationMs"].is_u64(), "{section}");
        let own = client.get(&format!("/workspace/{section}")).await?.ok()?;
        assert_eq!(told["data"]["workspaceCwd"], own["workspaceCwd"], "{section}");
    }
    let text = answer.text();
    let client_id = attached["clientId"].as_str().context("a client has an id")?;
    for secret in ["a-token-of-this-test", client_id, "canary prompt"] {
        assert!(!text.contains(secret), "{secret}");
    }
    Ok(())
}

#[tokio::test]
async fn refusals_for_their_rate_are_an_issue() -> anyhow::Result<()> {
    let host = Host::start_with(saying(&[]), |config| {
        config.rate_limits = Some(RateLimits { mutation: NonZeroU32::MIN, ..RateLimits::default() });
    })
    .await?;
    let client = host.client();
    for _ in 0..3 {
        client.post("/workspace/acp/preheat", &json!({})).await?;
    }
    let status = client.get("/daemon/status").await?.ok()?;
    assert_eq!(issues(&status), ["rate_limit_hits"]);
    assert_eq!(status["runtime"]["rateLimit"]["enabled"], true);
    assert_eq!(status["runtime"]["rateLimit"]["rejectedSinceStart"]["mutation"], 2);
    let metrics = client.get("/metrics").await?.text();
    assert!(metrics.contains("roost_rate_limited_total{tier=\"mutation\"} 2\n"), "{metrics}");
    Ok(())
}
