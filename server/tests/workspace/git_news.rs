use std::fs;

use roost_core::EventType;
use roost_tests::git;
use serde_json::json;

use crate::place::{daemon, listener, next, originator, trust};

#[tokio::test]
async fn sessions_are_told_when_the_repository_becomes_another_one() -> anyhow::Result<()> {
    let host = daemon().await?;
    let folder = host.config.workspace.clone();
    git::run(&folder, &["init", "--quiet"])?;
    fs::write(folder.join("a.txt"), "one\n")?;
    git::run(&folder, &["add", "."])?;
    git::run(&folder, &["commit", "--quiet", "-m", "First"])?;
    let (client, _, mut events) = listener(&host).await?;

    let status = client.get("/workspace/git").await?.ok()?;
    let told = next(&mut events, &EventType::GitStatusChanged).await?;
    assert_eq!(told.data, status, "whoever asked has told the others");
    assert_eq!((&told.data["v"], &told.data["staged"], originator(&told)), (&json!(2), &json!(0), None));

    // From now on nobody asks.
    git::run(&folder, &["checkout", "--quiet", "-b", "feature"])?;
    let told = next(&mut events, &EventType::GitBranchChanged).await?;
    assert_eq!(told.data, json!({"workspaceCwd": folder, "branch": "feature"}));
    fs::write(folder.join("b.txt"), "two\n")?;
    git::run(&folder, &["add", "b.txt"])?;
    let told = events.until(|event| event.kind == EventType::GitStatusChanged && event.data["staged"] == 1).await?;
    assert!(told.iter().all(|event| event.kind != EventType::GitBranchChanged), "the branch is the same");
    Ok(())
}

#[tokio::test]
async fn what_is_known_already_is_not_told_again() -> anyhow::Result<()> {
    let host = daemon().await?;
    let folder = host.config.workspace.clone();
    git::run(&folder, &["init", "--quiet"])?;
    let (client, _, mut events) = listener(&host).await?;
    for _ in 0..3 {
        client.get("/workspace/git").await?.ok()?;
    }
    fs::write(folder.join("new.txt"), "x")?;
    client.get("/workspace/git").await?.ok()?;
    let told = events.until(|event| event.data["untracked"] == 1).await?;
    let statuses = told.iter().filter(|event| event.kind == EventType::GitStatusChanged).count();
    assert_eq!(statuses, 2, "once as it was, once as it is: {told:?}");
    Ok(())
}

#[tokio::test]
async fn of_a_folder_that_is_not_trusted_git_is_asked_nothing() -> anyhow::Result<()> {
    let host = daemon().await?;
    git::run(&host.config.workspace, &["init", "--quiet"])?;
    trust(&host, Some("DO_NOT_TRUST"))?;
    let refused = host.client().get("/workspace/git").await?;
    assert_eq!((refused.status, refused.code().as_deref()), (403, Some("untrusted_workspace")));
    Ok(())
}
