//! What a folder nobody trusts lets be done to it: it is listed and read as it is, and not changed.

use http_body_util::Full;
use hyper::{Method, header};
use roost_tests::client::{Client, Response};
use serde_json::json;

use crate::host::Host;
use crate::place::{code, daemon, listener, trust};

async fn untrusted() -> anyhow::Result<(Host, String)> {
    let host = daemon().await?;
    std::fs::write(host.config.workspace.join("kept.txt"), "kept")?;
    trust(&host, Some("DO_NOT_TRUST"))?;
    let base = format!("/workspaces/{}", host.selector());
    Ok((host, base))
}

async fn upload(client: &Client, path: &str) -> anyhow::Result<Response> {
    let request = client.request(Method::POST, path).header(header::CONTENT_TYPE, "application/octet-stream");
    client.send(request.body(Full::from("bytes"))?).await
}

#[tokio::test]
async fn no_agent_is_started_for_it_ahead_of_need() -> anyhow::Result<()> {
    let (host, base) = untrusted().await?;
    let client = host.client();
    for path in ["acp/preheat", "acp/restart"] {
        let refused = client.post(&format!("{base}/{path}"), &json!({})).await?;
        assert_eq!(code(&refused), (403, "untrusted_workspace".to_owned()), "{path}");
    }
    assert_eq!(client.get(&format!("{base}/acp/status")).await?.ok()?["channelLive"], false);
    Ok(())
}

#[tokio::test]
async fn its_sessions_are_listed_and_not_put_in_order_archived_exported_or_deleted() -> anyhow::Result<()> {
    let (host, base) = untrusted().await?;
    let client = host.client();
    let session = client.new_session().await?;
    for path in ["sessions", "session-info", "sessions/live-state", "session-groups", "acp/status"] {
        assert_eq!(client.get(&format!("{base}/{path}")).await?.status, 200, "{path}");
    }
    assert_eq!(client.get(&format!("{base}/session/{session}/transcript")).await?.status, 200);
    for path in ["export", "archive/export"] {
        let refused = client.get(&format!("{base}/session/{session}/{path}")).await?;
        assert_eq!(code(&refused), (403, "untrusted_workspace".to_owned()), "{path}");
    }
    let group = json!({"name": "Mine", "color": "red"});
    let refused = [
        client.post(&format!("{base}/session-groups"), &group).await?,
        client.patch(&format!("{base}/session-groups/any"), &group).await?,
        client.delete(&format!("{base}/session-groups/any")).await?,
        client.post(&format!("{base}/sessions/archive"), &json!({"sessionIds": [session]})).await?,
        client.post(&format!("{base}/sessions/unarchive"), &json!({"sessionIds": [session]})).await?,
        client.post(&format!("{base}/sessions/delete"), &json!({"sessionIds": [session]})).await?,
    ];
    for refused in refused {
        assert_eq!(code(&refused), (403, "untrusted_workspace".to_owned()));
    }
    assert_eq!(client.get(&format!("/session/{session}/status")).await?.status, 200, "it is live as before");
    Ok(())
}

#[tokio::test]
async fn its_files_are_read_and_not_changed() -> anyhow::Result<()> {
    let (host, base) = untrusted().await?;
    let client = host.client();
    let write = json!({"path": "new.txt", "content": "x", "mode": "create"});
    let edit = json!({"path": "kept.txt", "oldText": "kept", "newText": "lost", "expectedHash": format!("sha256:{}", "0".repeat(64))});
    let mut refused = Vec::new();
    for at in ["", &base] {
        refused.push(client.post(&format!("{at}/file/write"), &write).await?);
        refused.push(client.post(&format!("{at}/file/edit"), &edit).await?);
        refused.push(upload(&client, &format!("{at}/file/upload?path=up.bin")).await?);
    }
    for path in
        ["file?path=kept.txt", "file/bytes?path=kept.txt", "stat?path=kept.txt", "list?path=.", "glob?pattern=*"]
    {
        for at in ["", &base] {
            assert_eq!(client.get(&format!("{at}/{path}")).await?.status, 200, "{at}/{path}");
        }
    }
    for refused in refused {
        let said = refused.json();
        assert_eq!(
            (refused.status, &said["errorKind"], &said["status"]),
            (403, &json!("untrusted_workspace"), &json!(403))
        );
        assert_eq!(
            (refused.header("cache-control"), refused.header("x-content-type-options")),
            (Some("no-store"), Some("nosniff"))
        );
    }
    let mut names: Vec<_> =
        std::fs::read_dir(&host.config.workspace)?.flatten().map(|entry| entry.file_name()).collect();
    names.retain(|name| name != ".qwen");
    assert_eq!(names, ["kept.txt"]);
    Ok(())
}

#[tokio::test]
async fn a_file_is_changed_in_the_name_of_a_client_of_its_own_workspace() -> anyhow::Result<()> {
    let host = daemon().await?;
    let (known, ..) = listener(&host).await?;
    let other = host.config.workspace.parent().expect("a folder").join("other");
    std::fs::create_dir(&other)?;
    let registered = host.client().post("/workspaces", &json!({"cwd": other})).await?.ok()?;
    let base = format!("/workspaces/{}", registered["id"].as_str().unwrap_or_default());
    let write = json!({"path": "new.txt", "content": "x", "mode": "create"});
    let refused = known.post(&format!("{base}/file/write"), &write).await?;
    assert_eq!(code(&refused), (400, "invalid_client_id".to_owned()));
    assert!(!other.join("new.txt").exists());
    assert_eq!(known.post("/file/write", &write).await?.status, 201);
    Ok(())
}

#[tokio::test]
async fn the_capabilities_say_what_the_route_about_trust_said_last() -> anyhow::Result<()> {
    let host = daemon().await?;
    let client = host.client();
    for (level, is_trusted) in [("DO_NOT_TRUST", false), ("TRUST_FOLDER", true)] {
        trust(&host, Some(level))?;
        client.get("/workspace/trust").await?.ok()?;
        assert_eq!(client.get("/capabilities").await?.ok()?["workspaces"][0]["trusted"], is_trusted, "{level}");
    }
    Ok(())
}

#[tokio::test]
async fn no_working_tree_is_made_of_it() -> anyhow::Result<()> {
    let (host, _) = untrusted().await?;
    let refused = host.client().post("/session", &json!({"worktree": {"slug": "task"}})).await?;
    assert_eq!(code(&refused), (403, "untrusted_workspace".to_owned()));
    assert!(!host.config.workspace.join(".qwen/worktrees").exists());
    Ok(())
}
