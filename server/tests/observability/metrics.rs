use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use roost_tests::scripted_agent::{AgentScript, Step};
use serde_json::json;

use crate::host::Host;

/// The samples of an exposition by their whole name, labels included; on the way every rule of the format is looked at.
fn samples(text: &str) -> anyhow::Result<BTreeMap<String, f64>> {
    let (mut samples, mut families, mut family) = (BTreeMap::new(), BTreeSet::new(), (String::new(), String::new()));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').context("a family has a help")?;
            anyhow::ensure!(help.ends_with('.') && families.insert(name.to_owned()), "{line}");
            family.0 = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').context("a family has a type")?;
            anyhow::ensure!(name == family.0 && ["counter", "gauge", "histogram"].contains(&kind), "{line}");
            anyhow::ensure!((kind == "counter") == name.ends_with("_total"), "{line}");
            family.1 = kind.to_owned();
        } else {
            let (name, value) = line.rsplit_once(' ').context("a sample has a value")?;
            let bare = name.split('{').next().unwrap_or_default();
            let part = bare.strip_prefix(&family.0).with_context(|| format!("{line} stands in {}", family.0))?;
            let parts: &[&str] = if family.1 == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            anyhow::ensure!(parts.contains(&part), "{line}");
            anyhow::ensure!(samples.insert(name.to_owned(), value.parse()?).is_none(), "{line} stands there twice");
        }
    }
    Ok(samples)
}

#[tokio::test]
async fn what_happens_is_counted_by_route_and_class() -> anyhow::Result<()> {
    let script = AgentScript::turns([
        vec![Step::Text("hello".to_owned())],
        vec![Step::Fail { code: -32_000, message: "no".to_owned() }],
    ]);
    let host = Host::start(script).await?;
    let client = host.client();
    let session = client.new_session().await?;
    client.turn(&session, "one").await?;
    client.turn(&session, "two").await?;
    client.get("/session/nobody/status").await?;
    client.get("/no/such/route/canary").await?;
    client.clone().without_token().get("/capabilities").await?;
    client.get("/health").await?;
    client.get(&format!("/workspaces/{}/sessions", host.selector())).await?;

    let answer = client.get("/metrics").await?;
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    assert!(!text.contains("canary") && !text.contains(&session), "what a client writes is no label");
    let samples = samples(&text)?;
    let count = |name: &str| samples.get(name).copied();
    let requests = |method: &str, route: &str, class: &str| {
        count(&format!("roost_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{class}\"}}"))
    };
    assert_eq!(requests("POST", "/session", "2xx"), Some(1.0));
    assert_eq!(requests("POST", "/session/{id}/prompt", "2xx"), Some(2.0));
    assert_eq!(requests("GET", "/session/{id}/events", "2xx"), Some(2.0));
    assert_eq!(requests("GET", "/session/{id}/status", "4xx"), Some(1.0));
    assert_eq!(requests("GET", "/workspaces/{workspace}/sessions", "2xx"), Some(1.0));
    assert_eq!(requests("GET", "/capabilities", "4xx"), Some(1.0));
    assert_eq!(requests("GET", "/health", "2xx"), Some(1.0));
    assert_eq!(requests("", "other", "4xx"), Some(1.0));
    assert_eq!(requests("GET", "/metrics", "2xx"), None, "this one is still on its way");

    let all: f64 =
        samples.iter().filter(|(name, _)| name.starts_with("roost_http_requests_total")).map(|(_, n)| n).sum();
    assert_eq!(count("roost_http_request_duration_seconds_count"), Some(all));
    assert_eq!(count("roost_http_request_duration_seconds_bucket{le=\"+Inf\"}"), Some(all));
    for (name, value) in [
        ("roost_workspaces", 1.0),
        ("roost_agents", 1.0),
        ("roost_sessions", 1.0),
        ("roost_sessions_begun_total", 1.0),
        ("roost_sessions_ended_total", 0.0),
        ("roost_prompts_active", 0.0),
        ("roost_event_streams", 0.0),
        ("roost_turns_total{outcome=\"complete\"}", 1.0),
        ("roost_turns_total{outcome=\"error\"}", 1.0),
        ("roost_log_lines_lost_total", 0.0),
    ] {
        if name != "roost_event_streams" {
            assert_eq!(count(name), Some(value), "{name}");
        }
        assert!(samples.contains_key(name), "{name}");
    }
    assert!(count("roost_events_total") >= Some(5.0));
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"] {
        assert!(count(name) > Some(1.0), "{name}");
    }
    assert!(count("process_cpu_seconds_total") >= Some(0.0));

    client.delete(&format!("/session/{session}")).await?;
    let later = self::samples(&client.get("/metrics").await?.text())?;
    assert_eq!((later["roost_sessions"], later["roost_sessions_ended_total"]), (0.0, 1.0));
    Ok(())
}

#[tokio::test]
async fn the_duration_buckets_only_grow() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let client = host.client();
    for _ in 0..20 {
        client.post("/sessions/delete", &json!({"sessionIds": ["x"]})).await?;
    }
    let text = client.get("/metrics").await?.text();
    let buckets = text.lines().filter(|line| line.starts_with("roost_http_request_duration_seconds_bucket"));
    let buckets = buckets.map(|line| line.rsplit(' ').next().unwrap_or_default().parse::<f64>());
    let buckets = buckets.collect::<Result<Vec<_>, _>>()?;
    assert!(buckets.is_sorted() && buckets.last() >= Some(&20.0), "{buckets:?}");
    Ok(())
}
