//! Sessions in a git working tree of their own: a real repository, and what git itself says of it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use anyhow::{Context, ensure};
use roost_core::EventType;
use roost_tests::{
    client::{Client, Response},
    scripted_agent::{AgentScript, Step},
};
use serde_json::{Value, json};

use crate::host::Host;

/// Runs git as somebody at the keyboard would.
fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]);
    command.args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output()?;
    ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Every turn asks to write `made.txt` in the session's folder.
async fn daemon() -> anyhow::Result<Host> {
    let turn = vec![Step::AskToWrite { path: "made.txt".into(), content: "made\n".to_owned() }];
    let script = AgentScript { load_session: true, afterwards: Some(turn), ..AgentScript::turns([]) };
    Host::start_with(script, |config| config.enable_session_shell = true).await
}

/// The same in a repository with one commit.
async fn repository() -> anyhow::Result<Host> {
    let host = daemon().await?;
    let folder = &host.config.workspace;
    git(folder, &["init", "--quiet"])?;
    fs::write(folder.join("kept.txt"), "kept\n")?;
    git(folder, &["add", "."])?;
    git(folder, &["commit", "--quiet", "-m", "First"])?;
    Ok(host)
}

async fn wish(host: &Host, worktree: &Value) -> anyhow::Result<Response> {
    host.client().post("/session", &json!({"worktree": worktree})).await
}

/// A session in the working tree `task`.
async fn apart(host: &Host) -> anyhow::Result<Value> {
    wish(host, &json!({"slug": "task"})).await?.ok()
}

fn id(session: &Value) -> &str {
    session["sessionId"].as_str().unwrap_or_default()
}

/// Lets the agent write its file, and waits for the turn's end.
async fn write(client: &Client, session: &str) -> anyhow::Result<()> {
    let mut stream = client.events(session).open().await?;
    let accepted = client.prompt(session, "go").await?;
    let asked = stream.until_type(EventType::PermissionRequest).await?;
    let request = asked.last().and_then(|event| event.data["requestId"].as_str()).context("a request has an id")?;
    let option = asked.last().and_then(|event| event.data["options"][0]["optionId"].as_str()).unwrap_or_default();
    client.allow(session, request, option).await?.ok()?;
    stream.until_end_of(&accepted.prompt_id).await?;
    Ok(())
}

async fn shell(host: &Host, session: &Value, command: &str) -> anyhow::Result<String> {
    let client = host.client().with_client_id(session["clientId"].as_str().unwrap_or_default());
    let ran = client.post(&format!("/session/{}/shell", id(session)), &json!({"command": command})).await?.ok()?;
    Ok(ran["output"].as_str().unwrap_or_default().trim().to_owned())
}

/// C1: a session that asks for a working tree is one of its own, whatever scope it asks for.
#[tokio::test]
async fn a_session_that_is_kept_apart_is_never_the_shared_one() -> anyhow::Result<()> {
    let host = repository().await?;
    let shared = host.client().post("/session", &json!({})).await?.ok()?;
    let body = json!({"sessionScope": "single", "worktree": {}});
    let (one, other) = (host.client().post("/session", &body).await?.ok()?, wish(&host, &json!({})).await?.ok()?);
    assert_eq!((&one["attached"], &other["attached"]), (&json!(false), &json!(false)));
    assert!(id(&one) != id(&shared) && id(&one) != id(&other));
    assert_ne!(one["worktree"]["path"], other["worktree"]["path"], "a slug nobody has is found");
    let again = host.client().post("/session", &json!({})).await?.ok()?;
    assert_eq!(again["sessionId"], shared["sessionId"]);
    assert!(again.get("worktree").is_none(), "{again}");
    Ok(())
}

/// Of those who ask for one name at once, one has it, and the others leave it alone.
#[tokio::test]
async fn a_name_that_several_ask_for_at_once_is_one_s() -> anyhow::Result<()> {
    let host = repository().await?;
    let task = json!({"slug": "task"});
    let (one, two, three) = tokio::join!(wish(&host, &task), wish(&host, &task), wish(&host, &task));
    let (made, refused): (Vec<Response>, Vec<Response>) =
        [one?, two?, three?].into_iter().partition(|response| response.status == 200);
    assert_eq!(made.len(), 1);
    for response in refused {
        assert_eq!((response.status, response.code().as_deref()), (409, Some("worktree_create_failed")));
    }
    let path = host.config.workspace.join(".qwen/worktrees/task");
    assert_eq!(fs::read_to_string(path.join("kept.txt"))?, "kept\n");
    assert_eq!(git(&path, &["branch", "--show-current"])?, "worktree-task");
    Ok(())
}

#[tokio::test]
async fn it_works_in_a_tree_and_on_a_branch_of_its_own_and_the_folder_stays_as_it_is() -> anyhow::Result<()> {
    let host = repository().await?;
    let folder = &host.config.workspace;
    let session = apart(&host).await?;
    let path = folder.join(".qwen/worktrees/task");
    assert_eq!(session["worktree"], json!({"slug": "task", "path": path, "branch": "worktree-task"}));
    assert_eq!(session["workspaceCwd"], json!(folder));
    write(&host.client(), id(&session)).await?;
    assert_eq!(fs::read_to_string(path.join("made.txt"))?, "made\n");
    assert_eq!(fs::read_to_string(path.join("kept.txt"))?, "kept\n");
    assert!(!folder.join("made.txt").exists());
    assert_eq!(shell(&host, &session, "pwd").await?, path.to_string_lossy());
    assert_eq!(git(&path, &["branch", "--show-current"])?, "worktree-task");
    assert_eq!(git(folder, &["branch", "--show-current"])?, "main");
    assert_eq!(git(folder, &["status", "--porcelain"])?, "", "the tree does not show in the folder it lies in");
    let listed = host.client().get(&format!("/workspace/{}/sessions", host.selector())).await?.ok()?;
    assert_eq!(listed["sessions"][0]["worktree"], session["worktree"]);
    Ok(())
}

#[tokio::test]
async fn it_comes_back_into_its_tree_and_a_tree_that_was_taken_away_is_made_again_from_its_branch() -> anyhow::Result<()>
{
    let mut host = repository().await?;
    let session = apart(&host).await?;
    let path = host.config.workspace.join(".qwen/worktrees/task");
    write(&host.client(), id(&session)).await?;
    git(&path, &["add", "."])?;
    git(&path, &["commit", "--quiet", "-m", "Made"])?;
    for tree_is_there in [true, false] {
        host.stop().await?;
        if !tree_is_there {
            fs::remove_dir_all(&path)?;
        }
        host.begin().await?;
        let loaded = host.client().post(&format!("/session/{}/load", id(&session)), &json!({})).await?.ok()?;
        assert_eq!(loaded["worktree"], session["worktree"]);
        assert!(loaded.get("replayError").is_none(), "the agent finds what it knows of the session: {loaded}");
        write(&host.client(), id(&session)).await?;
        assert_eq!(shell(&host, &loaded, "git log --format=%s -1").await?, "Made");
    }
    assert!(!host.config.workspace.join("made.txt").exists());
    Ok(())
}

#[tokio::test]
async fn it_does_not_go_on_in_the_folder_itself_when_tree_and_branch_are_gone() -> anyhow::Result<()> {
    let mut host = repository().await?;
    let session = apart(&host).await?;
    let folder = host.config.workspace.clone();
    host.stop().await?;
    git(&folder, &["worktree", "remove", "--force", ".qwen/worktrees/task"])?;
    git(&folder, &["branch", "-D", "worktree-task"])?;
    host.begin().await?;
    let refused = host.client().post(&format!("/session/{}/load", id(&session)), &json!({})).await?;
    assert_eq!(refused.status, 500, "{}", refused.text());
    let said = refused.json()["error"].as_str().unwrap_or_default().to_owned();
    assert!(said.contains(".qwen/worktrees/task") && said.contains("worktree-task"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_tree_goes_with_its_session_and_work_that_is_nowhere_else_stays() -> anyhow::Result<()> {
    let host = repository().await?;
    let folder = host.config.workspace.clone();
    let path = |slug: &str| folder.join(".qwen/worktrees").join(slug);
    let branches = || git(&folder, &["branch", "--list", "worktree-*", "--format=%(refname:short)"]);
    let mut sessions = Vec::new();
    for slug in ["clean", "dirty", "ahead"] {
        sessions.push(wish(&host, &json!({"slug": slug})).await?.ok()?["sessionId"].clone());
    }
    fs::write(path("dirty").join("kept.txt"), "changed\n")?;
    fs::write(path("ahead").join("new.txt"), "new\n")?;
    git(&path("ahead"), &["add", "."])?;
    git(&path("ahead"), &["commit", "--quiet", "-m", "Ahead"])?;
    let removed = host.client().post("/sessions/delete", &json!({"sessionIds": sessions})).await?.ok()?;
    assert_eq!(removed["removed"], json!(sessions));
    assert_eq!(["clean", "dirty", "ahead"].map(|slug| path(slug).exists()), [false, true, false]);
    assert_eq!(fs::read_to_string(path("dirty").join("kept.txt"))?, "changed\n");
    assert_eq!(branches()?, "worktree-ahead\nworktree-dirty");
    assert_eq!(git(&folder, &["show", "worktree-ahead:new.txt"])?, "new");
    Ok(())
}

#[tokio::test]
async fn an_archived_session_keeps_its_tree_and_comes_back_into_it() -> anyhow::Result<()> {
    let host = repository().await?;
    let session = apart(&host).await?;
    let (client, ids) = (host.client(), json!({"sessionIds": [id(&session)]}));
    client.post("/sessions/archive", &ids).await?.ok()?;
    assert!(host.config.workspace.join(".qwen/worktrees/task/kept.txt").exists());
    client.post("/sessions/unarchive", &ids).await?.ok()?;
    let loaded = client.post(&format!("/session/{}/load", id(&session)), &json!({})).await?.ok()?;
    assert_eq!(loaded["worktree"], session["worktree"]);
    Ok(())
}

#[tokio::test]
async fn a_wish_that_cannot_be_met_is_refused_and_leaves_nothing() -> anyhow::Result<()> {
    let bare = daemon().await?;
    let refused = wish(&bare, &json!({})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (400, Some("worktree_not_git_repo")));
    git(&bare.config.workspace, &["init", "--quiet"])?;
    let refused = wish(&bare, &json!({})).await?;
    assert_eq!(
        (refused.status, refused.code().as_deref()),
        (409, Some("worktree_create_failed")),
        "there is no commit"
    );

    let host = repository().await?;
    let folder = &host.config.workspace;
    git(folder, &["branch", "worktree-mine"])?;
    fs::create_dir_all(folder.join(".qwen/worktrees/theirs"))?;
    for (worktree, status, code) in [
        (json!("task"), 400, "invalid_worktree"),
        (json!([]), 400, "invalid_worktree"),
        (json!({"slug": ""}), 400, "worktree_invalid_slug"),
        (json!({"slug": 7}), 400, "worktree_invalid_slug"),
        (json!({"slug": "../x"}), 400, "worktree_invalid_slug"),
        (json!({"slug": "agent-1"}), 400, "worktree_invalid_slug"),
        (json!({"slug": "mine"}), 409, "worktree_create_failed"),
        (json!({"slug": "theirs"}), 409, "worktree_create_failed"),
    ] {
        let refused = wish(&host, &worktree).await?;
        assert_eq!((refused.status, refused.code().as_deref()), (status, Some(code)), "{worktree}: {}", refused.text());
    }
    let both = json!({"worktree": {}, "branch": {"name": "x"}});
    let refused = host.client().post("/session", &both).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (400, Some("branch_and_worktree_conflict")));
    let refused = host.client().post("/session", &json!({"branch": {"name": "x"}})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (501, Some("branch_not_supported")));
    assert_eq!(git(folder, &["worktree", "list", "--porcelain"])?.matches("worktree ").count(), 1);
    assert_eq!(host.client().get("/health?deep=1").await?.ok()?["sessions"], 0);
    Ok(())
}

#[tokio::test]
async fn a_tree_whose_session_does_not_begin_is_taken_away_again() -> anyhow::Result<()> {
    let refusals = [("session/new".to_owned(), (-32603, "not today".to_owned()))].into();
    let host = Host::start(AgentScript { refusals, ..AgentScript::turns([]) }).await?;
    let folder = &host.config.workspace;
    git(folder, &["init", "--quiet"])?;
    git(folder, &["commit", "--quiet", "--allow-empty", "-m", "First"])?;
    assert_eq!(wish(&host, &json!({"slug": "task"})).await?.status, 500);
    assert!(!folder.join(".qwen/worktrees/task").exists());
    assert_eq!(git(folder, &["branch", "--list", "worktree-*"])?, "");
    Ok(())
}

#[tokio::test]
async fn a_link_that_came_with_the_repository_leads_no_tree_out_of_the_workspace() -> anyhow::Result<()> {
    let host = repository().await?;
    let elsewhere = tempfile::tempdir()?;
    std::os::unix::fs::symlink(elsewhere.path(), host.config.workspace.join(".qwen"))?;
    let refused = wish(&host, &json!({})).await?;
    assert_eq!((refused.status, refused.code().as_deref()), (409, Some("worktree_create_failed")));
    assert_eq!(fs::read_dir(elsewhere.path())?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn nothing_a_repository_names_is_started_when_a_tree_is_made_or_taken_away() -> anyhow::Result<()> {
    let host = repository().await?;
    let folder = host.config.workspace.clone();
    let (mark, program) = (folder.join(".git/started"), folder.join(".git/program"));
    fs::write(&program, format!("#!/bin/sh\necho x >> '{}'\ncat\n", mark.display()))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    for hook in ["post-checkout", "reference-transaction", "post-index-change"] {
        fs::create_dir_all(folder.join(".git/hooks"))?;
        fs::copy(&program, folder.join(".git/hooks").join(hook))?;
    }
    let named = program.to_string_lossy().into_owned();
    fs::write(folder.join(".gitattributes"), "*.txt filter=evil\n")?;
    git(&folder, &["-c", "core.hooksPath=/dev/null", "add", "."])?;
    git(&folder, &["-c", "core.hooksPath=/dev/null", "commit", "--quiet", "-m", "Attributes"])?;
    for key in ["filter.evil.smudge", "filter.evil.clean", "filter.evil.process", "core.fsmonitor"] {
        git(&folder, &["config", key, &named])?;
    }
    let session = apart(&host).await?;
    host.client().post("/sessions/delete", &json!({"sessionIds": [id(&session)]})).await?.ok()?;
    assert!(!folder.join(".qwen/worktrees/task").exists());
    assert!(!mark.exists(), "{}", fs::read_to_string(&mark).unwrap_or_default());
    Ok(())
}
