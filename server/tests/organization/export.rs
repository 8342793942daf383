use std::path::PathBuf;

use roost_tests::scripted_agent::{AgentScript, Step};
use serde_json::{Value, json};

use crate::host::Host;

const EVIL: &str = "</div><script>alert(1)</script><img src=x onerror=alert(2)>";

/// A session in which somebody was evil and the agent wrote a file.
async fn told() -> anyhow::Result<(Host, String)> {
    let write = Step::AskToWrite { path: PathBuf::from("a.txt"), content: format!("one\n{EVIL}\n") };
    let turn = vec![Step::Think("hm".to_owned()), Step::Text(format!("said {EVIL}")), write];
    let host = Host::start(AgentScript::turns([turn])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, EVIL).await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    let events = stream.until(|event| event.kind == roost_core::EventType::PermissionRequest).await?;
    let asked = &events.last().expect("it came").data;
    let option = asked["options"].as_array().into_iter().flatten().find(|option| option["kind"] == "allow_once");
    let option = option.and_then(|option| option["optionId"].as_str()).expect("it can be allowed");
    client.allow(&session, asked["requestId"].as_str().expect("named"), option).await?.ok()?;
    stream.until_end_of(&accepted.prompt_id).await?;
    Ok((host, session))
}

#[tokio::test]
async fn the_page_runs_nothing_and_shows_everything() -> anyhow::Result<()> {
    let (host, session) = told().await?;
    let answer = host.client().get(&format!("/session/{session}/export")).await?;
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let disposition = answer.header("content-disposition").unwrap_or_default();
    assert!(disposition.starts_with("attachment; filename=\"qwen-code-export-2"), "{disposition}");
    assert!(disposition.ends_with("Z.html\""), "{disposition}");
    let page = answer.text();
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("http://"), "{page}");
    assert!(page.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count() >= 3, "{page}");
    assert!(page.contains("default-src 'none'"));
    Ok(())
}

#[tokio::test]
async fn json_and_its_lines_tell_the_same() -> anyhow::Result<()> {
    let (host, session) = told().await?;
    let client = host.client();
    let whole = client.get(&format!("/session/{session}/export?format=json")).await?.ok()?;
    let messages = whole["messages"].as_array().cloned().unwrap_or_default();
    let kinds: Vec<&str> = messages.iter().filter_map(|message| message["type"].as_str()).collect();
    assert_eq!(kinds, ["user", "assistant", "assistant", "tool_call"]);
    assert_eq!(messages[0]["message"], json!({"role": "user", "parts": [{"text": EVIL}]}));
    assert_eq!(messages[1]["message"]["parts"][0]["thought"], true);
    assert_eq!(messages[3]["toolCall"]["status"], "completed");
    let metadata = &whole["metadata"];
    assert_eq!((&metadata["promptCount"], &metadata["filesWritten"]), (&json!(1), &json!(1)));
    assert_eq!((&metadata["linesAdded"], &metadata["channel"]), (&json!(2), &json!("daemon")));
    assert_eq!(metadata["uniqueFiles"].as_array().map(Vec::len), Some(1));

    let lines = client.get(&format!("/session/{session}/export?format=jsonl")).await?;
    assert_eq!(lines.header("content-type"), Some("application/jsonl; charset=utf-8"));
    let lines: Vec<Value> = lines.text().lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(lines[0]["type"], "session_metadata");
    assert_eq!(lines[1..], messages, "the same names, too");
    Ok(())
}

#[tokio::test]
async fn a_session_is_exported_with_no_daemon_of_its_time_and_from_the_archive() -> anyhow::Result<()> {
    let (mut host, session) = told().await?;
    host.restart().await?;
    let client = host.client();
    let path = format!("/session/{session}/export?format=md");
    let text = client.get(&path).await?.text();
    assert!(text.starts_with("# Chat Session Export\n"), "{text}");
    for part in ["## User", "## Assistant", "## Thought", "## Tool: ", "- **Prompt Count**: 1", "said </div>"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let archived = format!("/workspaces/{}/session/{session}/archive/export?format=md", host.selector());
    let early = client.get(&archived).await?;
    assert_eq!((early.status, early.code().as_deref()), (409, Some("session_not_archived")));
    client.post("/sessions/archive", &json!({"sessionIds": [session]})).await?.ok()?;
    let put_away = client.get(&archived).await?;
    assert_eq!(put_away.status, 200);
    assert!(put_away.text().contains("said </div>"));
    assert_eq!(client.get(&path).await?.code().as_deref(), Some("session_archived"));
    Ok(())
}

#[tokio::test]
async fn a_session_only_the_agent_has_a_record_of_is_exported_too() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    let client = host.client();
    let made = client.new_session().await?;
    let chats = host.record(&made).join("../..").canonicalize()?.join("chats");
    std::fs::create_dir_all(&chats)?;
    let line = json!({
        "type": "user", "sessionId": "elsewhere", "timestamp": "2026-01-02T03:04:05.000Z",
        "message": {"role": "user", "parts": [{"text": "asked elsewhere"}]},
    });
    std::fs::write(chats.join("elsewhere.jsonl"), format!("{line}\n"))?;
    let text = client.get("/session/elsewhere/export?format=json").await?.ok()?;
    assert_eq!(text["startTime"], "2026-01-02T03:04:05.000Z");
    assert_eq!(text["messages"][0]["message"]["parts"][0]["text"], "asked elsewhere");
    let page = client.get("/session/elsewhere/transcript").await?.ok()?;
    assert_eq!(page["events"][0]["data"]["content"]["text"], "asked elsewhere");
    Ok(())
}

#[tokio::test]
async fn an_unknown_format_is_refused_before_the_session_is_looked_for() -> anyhow::Result<()> {
    let host = Host::start(AgentScript::default()).await?;
    for format in ["zip", ""] {
        let refused = host.client().get(&format!("/session/nope/export?format={format}")).await?;
        let expected = json!({
            "error": "Invalid export format", "code": "invalid_export_format", "format": format,
            "allowedFormats": ["html", "md", "json", "jsonl"],
        });
        assert_eq!((refused.status, refused.json()), (400, expected));
    }
    let unknown = host.client().get("/session/nope/export").await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (404, Some("session_not_found")));
    Ok(())
}
