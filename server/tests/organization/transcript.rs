use serde_json::{Value, json};

use crate::host::{Host, saying};

async fn told() -> anyhow::Result<(Host, String)> {
    let host = Host::start(saying(&["one", "two", "three"])).await?;
    let client = host.client();
    let session = client.new_session().await?;
    for prompt in ["a", "b", "c"] {
        client.turn(&session, prompt).await?;
    }
    Ok((host, session))
}

fn texts(page: &Value) -> Vec<&str> {
    let events = page["events"].as_array().map_or(&[][..], Vec::as_slice);
    events
        .iter()
        .filter_map(|event| event["data"]["content"]["text"].as_str())
        .filter(|text| !text.is_empty())
        .collect()
}

#[tokio::test]
async fn pages_tell_the_whole_in_order_as_of_the_first() -> anyhow::Result<()> {
    let (host, session) = told().await?;
    let client = host.client();
    let path = format!("/session/{session}/transcript");
    let answer = client.get(&path).await?;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let whole = answer.ok()?;
    assert_eq!(texts(&whole), ["a", "one", "b", "two", "c", "three"]);
    assert_eq!((&whole["v"], &whole["hasMore"], &whole["sessionId"]), (&json!(1), &json!(false), &json!(session)));
    let first = &whole["events"][0];
    assert_eq!(
        (&first["type"], &first["data"]["sessionUpdate"]),
        (&json!("session_update"), &json!("user_message_chunk"))
    );
    assert!(first["data"]["timestamp"].is_u64() && first["data"].get("update").is_none(), "{first}");

    let mut page = client.get(&format!("{path}?limit=1")).await?.ok()?;
    let mut events = page["events"].as_array().cloned().unwrap_or_default();
    client.patch(&format!("/session/{session}/metadata"), &json!({"displayName": "named meanwhile"})).await?.ok()?;
    while let Some(cursor) = page["nextCursor"].as_str() {
        assert_eq!(page["hasMore"], true);
        page = client.get(&format!("{path}?limit=1&cursor={cursor}")).await?.ok()?;
        assert_eq!(page["events"].as_array().map(Vec::len), Some(1));
        events.extend(page["events"].as_array().cloned().unwrap_or_default());
    }
    assert_eq!(Value::Array(events), whole["events"]);
    Ok(())
}

#[tokio::test]
async fn what_lies_before_a_record_is_read_backwards() -> anyhow::Result<()> {
    let (host, session) = told().await?;
    let client = host.client();
    let path = format!("/session/{session}/transcript");
    let whole = client.get(&path).await?.ok()?;
    let all = whole["events"].as_array().cloned().unwrap_or_default();
    let anchor = all[all.len() - 1]["data"]["_meta"]["qwen.session.recordId"].as_str().unwrap_or_default();
    let mut page = client.get(&format!("{path}?limit=2&beforeRecordId={anchor}")).await?.ok()?;
    let mut before = page["events"].as_array().cloned().unwrap_or_default();
    while let Some(cursor) = page["nextCursor"].as_str() {
        page = client.get(&format!("{path}?limit=2&cursor={cursor}")).await?.ok()?;
        let mut older = page["events"].as_array().cloned().unwrap_or_default();
        older.append(&mut before);
        before = older;
    }
    assert_eq!(before, all[..all.len() - 1]);
    Ok(())
}

#[tokio::test]
async fn a_cursor_that_was_bent_or_is_of_another_session_is_refused() -> anyhow::Result<()> {
    let (host, session) = told().await?;
    let client = host.client();
    let path = format!("/session/{session}/transcript");
    let page = client.get(&format!("{path}?limit=1")).await?.ok()?;
    let cursor = page["nextCursor"].as_str().unwrap_or_default();
    for at in 0..cursor.len() {
        let mut bent = cursor.as_bytes().to_vec();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let bent = String::from_utf8(bent)?;
        let refused = client.get(&format!("{path}?cursor={bent}")).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_transcript_cursor")), "byte {at}");
    }
    let other = client.new_session().await?;
    let refused = client.get(&format!("/session/{other}/transcript?cursor={cursor}")).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_transcript_cursor")));
    for query in ["cursor=", "cursor=abc", "beforeRecordId=", "beforeRecordId=nope", "beforeRecordId=1&cursor=x"] {
        let refused = client.get(&format!("{path}?{query}")).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_transcript_cursor")), "{query}");
    }
    for limit in ["0", "501", "abc", "", "-1", "+1"] {
        let refused = client.get(&format!("{path}?limit={limit}")).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (400, Some("invalid_transcript_limit")), "{limit}");
    }
    let unknown = client.get("/session/nope/transcript").await?;
    assert_eq!((unknown.status, unknown.code().as_deref()), (404, Some("session_not_found")));
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_not_the_same_any_more_ends_the_reading() -> anyhow::Result<()> {
    let (mut host, session) = told().await?;
    let path = format!("/session/{session}/transcript");
    let page = host.client().get(&format!("{path}?limit=1")).await?.ok()?;
    let cursor = page["nextCursor"].as_str().unwrap_or_default().to_owned();
    let journal = host.record(&session).join("events.jsonl");
    let text = std::fs::read_to_string(&journal)?;
    std::fs::write(&journal, text.replace("three", "3"))?;
    let refused = host.client().get(&format!("{path}?limit=1&cursor={cursor}")).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (409, Some("transcript_snapshot_unavailable")));

    // Without its daemon nobody can tell whether the cursor is genuine.
    host.restart().await?;
    let refused = host.client().get(&format!("{path}?limit=1&cursor={cursor}")).await?;
    assert_eq!(refused.status, 400);
    assert_eq!(texts(&host.client().get(&path).await?.ok()?).len(), 6, "no agent and no load is needed");
    Ok(())
}
