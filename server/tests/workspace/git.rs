use std::{fs, os::unix::fs::PermissionsExt};

use roost_tests::git;
use serde_json::{Value, json};

use crate::{
    host::Host,
    place::{code, daemon, trust},
};

/// A daemon in a repository with two commits, two branches and one of each kind of change.
async fn repository() -> anyhow::Result<Host> {
    let host = daemon().await?;
    let folder = host.config.workspace.clone();
    git::run(&folder, &["init", "--quiet"])?;
    fs::write(folder.join("a.txt"), "one\ntwo\nthree\n")?;
    fs::write(folder.join("gone.txt"), "x\n")?;
    fs::write(folder.join("old name.txt"), "1\n2\n3\n4\n5\n6\n")?;
    git::run(&folder, &["add", "."])?;
    git::run(&folder, &["commit", "--quiet", "-m", "First\n\nWith a body."])?;
    git::run(&folder, &["checkout", "--quiet", "-b", "feature/x"])?;
    fs::write(folder.join("a.txt"), "one\nTWO\nthree\n")?;
    git::run(&folder, &["commit", "--quiet", "-a", "-m", "Second"])?;
    git::run(&folder, &["tag", "v1"])?;
    git::run(&folder, &["checkout", "--quiet", "main"])?;

    fs::write(folder.join("a.txt"), "one\ntwo!\nthree\n")?;
    fs::remove_file(folder.join("gone.txt"))?;
    git::run(&folder, &["mv", "old name.txt", "new name.txt"])?;
    fs::write(folder.join("new.txt"), "n1\nn2")?;
    fs::write(folder.join("binary"), b"\0\x01")?;
    fs::write(folder.join(".gitignore"), "ignored\n")?;
    fs::write(folder.join("ignored"), "x")?;
    Ok(host)
}

async fn get(host: &Host, path: &str) -> anyhow::Result<Value> {
    let singular = host.client().get(&format!("/workspace/{path}")).await?.ok()?;
    let plural = host.client().get(&format!("/workspaces/{}/{path}", host.selector())).await?.ok()?;
    let but_time = |mut answer: Value| {
        answer.as_object_mut().and_then(|answer| answer.remove("computedAt"));
        answer
    };
    assert_eq!(but_time(singular.clone()), but_time(plural));
    assert_eq!(singular["workspaceCwd"], json!(host.config.workspace));
    Ok(singular)
}

#[tokio::test]
async fn the_status_counts_what_is_changed() -> anyhow::Result<()> {
    let host = repository().await?;
    let status = get(&host, "git").await?;
    let expected = json!({
        "v": 2, "workspaceCwd": host.config.workspace, "branch": "main", "detached": false, "staged": 1, "unstaged": 2,
        "untracked": 3, "conflicted": 0, "hasUpstream": false, "ahead": 0, "behind": 0, "stashCount": 0,
        "computedAt": status["computedAt"],
    });
    assert_eq!(status, expected);
    git::run(&host.config.workspace, &["stash", "--quiet"])?;
    git::run(&host.config.workspace, &["checkout", "--quiet", "--detach"])?;
    let status = get(&host, "git").await?;
    assert_eq!((&status["detached"], &status["stashCount"], &status["staged"]), (&json!(true), &json!(1), &json!(0)));
    assert_eq!(status["branch"].as_str().map(str::len), Some(7));
    Ok(())
}

#[tokio::test]
async fn a_conflict_and_what_led_to_it_are_told() -> anyhow::Result<()> {
    let host = repository().await?;
    let folder = &host.config.workspace;
    git::run(folder, &["commit", "--quiet", "-a", "-m", "Mine"])?;
    assert!(git::run(folder, &["merge", "--quiet", "feature/x"]).is_err(), "both changed the same line");
    let status = get(&host, "git").await?;
    assert_eq!((&status["conflicted"], &status["operation"]), (&json!(1), &json!("merge")));
    Ok(())
}

#[tokio::test]
async fn the_diff_names_every_changed_file_and_each_can_be_seen() -> anyhow::Result<()> {
    let host = repository().await?;
    let diff = get(&host, "git/diff").await?;
    let file = |path: &str, added: u64, removed: u64, is_binary: bool, is_untracked: bool, is_deleted: bool| {
        json!({
            "path": path, "added": added, "removed": removed, "isBinary": is_binary, "isUntracked": is_untracked,
            "isDeleted": is_deleted, "truncated": false,
        })
    };
    let mut renamed = file("new name.txt", 0, 0, false, false, false);
    renamed["oldPath"] = json!("old name.txt");
    let files = json!([
        file("a.txt", 1, 1, false, false, false),
        file("gone.txt", 0, 1, false, false, true),
        renamed,
        file(".gitignore", 1, 0, false, true, false),
        file("binary", 0, 0, true, true, false),
        file("new.txt", 2, 0, false, true, false),
    ]);
    let expected = json!({
        "v": 1, "workspaceCwd": host.config.workspace, "available": true, "filesCount": 6, "linesAdded": 4,
        "linesRemoved": 2, "files": files, "hiddenCount": 0,
    });
    assert_eq!(diff, expected);

    let seen = get(&host, "git/diff/file?path=a.txt").await?;
    let hunk = json!({
        "oldStart": 1, "oldLines": 3, "newStart": 1, "newLines": 3, "lines": [" one", "-two", "+two!", " three"],
    });
    assert_eq!((&seen["available"], &seen["path"], &seen["hunks"]), (&json!(true), &json!("a.txt"), &json!([hunk])));
    let seen = get(&host, "git/diff/file?path=new.txt").await?;
    let hunk = json!({
        "oldStart": 0, "oldLines": 0, "newStart": 1, "newLines": 2,
        "lines": ["+n1", "+n2", "\\ No newline at end of file"],
    });
    assert_eq!(seen["hunks"], json!([hunk]));
    for nothing in
        ["binary", "ignored", "nowhere", "../etc/passwd", "/etc/passwd", ".git/config", "--output=x", ":/a.txt", "."]
    {
        let seen = get(&host, &format!("git/diff/file?path={nothing}")).await?;
        assert_eq!((&seen["available"], &seen["hunks"]), (&json!(false), &json!([])), "{nothing}");
    }
    assert!(!host.config.workspace.join("x").exists());
    let refused = host.client().get("/workspace/git/diff/file").await?;
    assert_eq!((refused.status, &refused.json()["errorKind"]), (400, &json!("parse_error")));

    git::run(&host.config.workspace, &["add", "."])?;
    fs::write(host.config.workspace.join("new name.txt"), "1\n2\n3\nfour\n5\n6\n")?;
    let seen = get(&host, "git/diff/file?path=new%20name.txt&oldPath=old%20name.txt").await?;
    assert_eq!(seen["hunks"][0]["lines"], json!([" 1", " 2", " 3", "-4", "+four", " 5", " 6"]));
    let seen = get(&host, "git/diff/file?path=new%20name.txt&oldPath=a.txt").await?;
    assert_eq!(seen["hunks"][0]["lines"][0], "+1", "it was never called that");
    Ok(())
}

#[tokio::test]
async fn the_log_has_pages_ranges_and_a_search() -> anyhow::Result<()> {
    let host = repository().await?;
    let subjects = async |query: &str| -> anyhow::Result<(Vec<String>, bool)> {
        let log = get(&host, &format!("git/log?{query}")).await?;
        let entries = log["entries"].as_array().map_or(&[][..], Vec::as_slice);
        let subjects = entries.iter().filter_map(|entry| entry["subject"].as_str().map(str::to_owned)).collect();
        Ok((subjects, log["hasMore"] == true))
    };
    let named = |names: &[&str], has_more| (names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), has_more);
    assert_eq!(subjects("").await?, named(&["First"], false));
    assert_eq!(subjects("all=1").await?, named(&["Second", "First"], false));
    assert_eq!(subjects("all=1&limit=1").await?, named(&["Second"], true));
    assert_eq!(subjects("all=1&limit=1&skip=1").await?, named(&["First"], false));
    assert_eq!(subjects("range=main..feature/x").await?, named(&["Second"], false));
    assert_eq!(subjects("limit=nonsense&skip=-1").await?, named(&["First"], false));
    assert_eq!(subjects("all=1&search=WITH%20A%20BODY").await?, named(&["First"], false));
    assert_eq!(subjects("all=1&search=ada").await?, named(&["Second", "First"], false));
    assert_eq!(subjects("all=1&search=nobody").await?, named(&[], false));
    for odd in ["no-such-branch", "--output=stolen", "--exec=touch%20stolen", "-p"] {
        let log = get(&host, &format!("git/log?range={odd}")).await?;
        assert_eq!((&log["available"], &log["entries"]), (&json!(false), &json!([])), "{odd}");
    }
    assert!(!host.config.workspace.join("stolen").exists());

    let log = get(&host, "git/log").await?;
    let entry = &log["entries"][0];
    assert_eq!((&entry["authorName"], &entry["authorEmail"]), (&json!("Ada"), &json!("ada@example.org")));
    assert_eq!((&entry["refs"], &entry["parents"]), (&json!("HEAD -> main"), &json!([])));
    assert_eq!(entry["sha"].as_str().map(str::len), Some(40));
    assert!(entry["authorDate"].as_i64().is_some_and(|date| date > 1_600_000_000));
    Ok(())
}

#[tokio::test]
async fn a_commit_tells_what_it_changed() -> anyhow::Result<()> {
    let host = repository().await?;
    let log = get(&host, "git/log?all=1").await?;
    let second = log["entries"][0]["sha"].as_str().unwrap_or_default().to_owned();
    let detail = get(&host, &format!("git/log/commit?sha={}", &second[..7])).await?;
    let files = json!([{"path": "a.txt", "added": 1, "removed": 1, "isBinary": false}]);
    assert_eq!((&detail["available"], &detail["sha"], &detail["files"]), (&json!(true), &json!(second), &files));
    assert_eq!((&detail["filesCount"], &detail["hiddenCount"], &detail["body"]), (&json!(1), &json!(0), &json!("")));
    let first = log["entries"][1]["sha"].as_str().unwrap_or_default();
    let detail = get(&host, &format!("git/log/commit?sha={first}")).await?;
    assert_eq!(
        (&detail["body"], &detail["linesAdded"], &detail["filesCount"]),
        (&json!("With a body."), &json!(10), &json!(3))
    );
    assert_eq!(get(&host, "git/log/commit?sha=deadbeef").await?["available"], false);
    for odd in ["", "?sha=zz", "?sha=HEAD", "?sha=--all"] {
        let refused = host.client().get(&format!("/workspace/git/log/commit{odd}")).await?;
        assert_eq!((refused.status, &refused.json()["errorKind"]), (400, &json!("parse_error")), "{odd}");
    }
    Ok(())
}

#[tokio::test]
async fn branches_say_what_they_follow_and_where_one_has_been() -> anyhow::Result<()> {
    let host = repository().await?;
    let folder = &host.config.workspace;
    let origin = tempfile::tempdir()?;
    git::run(origin.path(), &["init", "--quiet", "--bare"])?;
    let url = origin.path().to_str().unwrap_or_default();
    git::run(folder, &["remote", "add", "origin", url])?;
    git::run(folder, &["push", "--quiet", "--set-upstream", "origin", "main"])?;
    git::run(folder, &["commit", "--quiet", "--allow-empty", "-m", "Third"])?;
    let branches = get(&host, "git/branches").await?;
    let local = branches["local"].as_array().map_or(&[][..], Vec::as_slice);
    let main = local.iter().find(|branch| branch["name"] == "main").unwrap_or(&Value::Null);
    assert_eq!((&main["isHead"], &main["upstream"], &main["ahead"]), (&json!(true), &json!("origin/main"), &json!(1)));
    assert_eq!((&main["pushTarget"], &main["pushAhead"]), (&json!("origin/main"), &json!(1)));
    assert_eq!(main["commitSubject"], "Third");
    assert_eq!((&branches["remote"][0]["name"], &branches["tags"][0]["name"]), (&json!("origin/main"), &json!("v1")));
    assert_eq!((&branches["head"], &branches["detached"]), (&json!("main"), &json!(false)));
    assert_eq!(branches["recent"], json!(["feature/x"]));
    Ok(())
}

#[tokio::test]
async fn a_folder_that_is_no_repository_or_has_no_commit_has_nothing_to_tell() -> anyhow::Result<()> {
    let host = daemon().await?;
    assert_eq!(get(&host, "git").await?, json!({"v": 2, "workspaceCwd": host.config.workspace, "branch": null}));
    for path in ["git/diff", "git/diff/file?path=x", "git/log", "git/log/commit?sha=0123456", "git/branches"] {
        assert_eq!(get(&host, path).await?["available"], false, "{path}");
    }
    git::run(&host.config.workspace, &["init", "--quiet"])?;
    assert_eq!(get(&host, "git").await?["branch"], "main");
    for path in ["git/diff", "git/diff/file?path=x", "git/log"] {
        assert_eq!(get(&host, path).await?["available"], false, "{path}");
    }
    assert_eq!(get(&host, "git/branches").await?["head"], "main");
    trust(&host, None)?;
    for path in ["git", "git/diff", "git/diff/file?path=x", "git/log", "git/log/commit?sha=0123456", "git/branches"] {
        let refused = host.client().get(&format!("/workspace/{path}")).await?;
        assert_eq!(code(&refused), (403, "untrusted_workspace".to_owned()), "{path}");
    }
    Ok(())
}

/// Everything a repository's own configuration can make git run, set to a program that leaves a trace.
#[tokio::test]
async fn looking_at_a_repository_runs_none_of_its_programs_and_writes_nothing() -> anyhow::Result<()> {
    let host = repository().await?;
    let folder = &host.config.workspace;
    let trap = tempfile::tempdir()?;
    let (program, trace) = (trap.path().join("trap"), trap.path().join("sprung"));
    fs::write(&program, format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\ncat\n", trace.display()))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let program = program.to_str().unwrap_or_default();
    for hook in ["post-index-change", "post-checkout", "fsmonitor-watchman", "reference-transaction"] {
        fs::create_dir_all(folder.join(".git/hooks"))?;
        fs::copy(program, folder.join(".git/hooks").join(hook))?;
    }
    for (key, value) in [
        ("core.fsmonitor", program),
        ("core.pager", program),
        ("pager.log", program),
        ("pager.diff", program),
        ("core.sshCommand", program),
        ("core.alternateRefsCommand", program),
        ("diff.external", program),
        ("diff.trap.command", program),
        ("diff.trap.textconv", program),
        ("filter.trap.clean", program),
        ("filter.trap.smudge", program),
        ("filter.trap.process", program),
        ("filter.trap.required", "true"),
        ("filter.odd=name.clean", program),
        ("gpg.program", program),
        ("log.showSignature", "true"),
        ("credential.helper", program),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", &format!("ext::{program}")),
        ("protocol.ext.allow", "always"),
        ("submodule.recurse", "true"),
        ("color.ui", "always"),
        ("diff.noprefix", "true"),
        ("status.relativePaths", "true"),
    ] {
        git::run(folder, &["config", key, value])?;
    }
    fs::write(folder.join(".git/info/attributes"), "a.txt filter=trap diff=trap\nnew* filter=odd=name diff=trap\n")?;
    let index = fs::read(folder.join(".git/index"))?;
    // A file that git must look into to know whether it has changed.
    fs::File::options().append(true).open(folder.join("a.txt"))?.set_modified(std::time::SystemTime::UNIX_EPOCH)?;

    for path in ["git", "git/diff", "git/diff/file?path=a.txt", "git/log?all=1", "git/branches"] {
        get(&host, path).await?;
    }
    get(&host, "git/log/commit?sha=0000000000000000000000000000000000000001").await?;
    let seen = get(&host, "git/diff/file?path=a.txt").await?;
    assert_eq!(seen["hunks"][0]["lines"], json!([" one", "-two", "+two!", " three"]));
    assert_eq!(fs::read_to_string(&trace).unwrap_or_default(), "");
    assert_eq!(fs::read(folder.join(".git/index"))?, index);
    // The traps are real: git as anybody runs it springs them.
    let _ = git::run(folder, &["diff", "HEAD"]);
    assert_ne!(fs::read_to_string(&trace)?, "");
    Ok(())
}

#[tokio::test]
async fn a_repository_that_claims_another_folder_as_its_own_is_none() -> anyhow::Result<()> {
    let host = repository().await?;
    let elsewhere = host.config.workspace.parent().expect("a folder lies in one").to_owned();
    fs::write(elsewhere.join("secret.txt"), "secret")?;
    git::run(&host.config.workspace, &["config", "core.worktree", elsewhere.to_str().unwrap_or_default()])?;
    for path in ["git/diff", "git/diff/file?path=secret.txt"] {
        let answer = get(&host, path).await?;
        assert_eq!(answer["available"], false, "{path}");
        assert!(!answer.to_string().contains("secret.txt\",\"added"), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_workspace_inside_a_repository_sees_its_own_part() -> anyhow::Result<()> {
    let folders = tempfile::tempdir()?;
    let root = folders.path().canonicalize()?;
    git::run(&root, &["init", "--quiet"])?;
    fs::create_dir(root.join("inner"))?;
    fs::write(root.join("inner/known"), "a\n")?;
    fs::write(root.join("outer"), "a\n")?;
    git::run(&root, &["add", "."])?;
    git::run(&root, &["commit", "--quiet", "-m", "First"])?;
    for name in ["inner/known", "inner/fresh", "outer", "outer-fresh"] {
        fs::write(root.join(name), "b\n")?;
    }
    let inner = root.join("inner");
    let host = Host::start_with(crate::host::saying(&[]), |config| config.workspace = inner).await?;
    let diff = get(&host, "git/diff").await?;
    let paths: Vec<&str> =
        diff["files"].as_array().expect("files").iter().filter_map(|file| file["path"].as_str()).collect();
    assert_eq!(paths, ["inner/known", "inner/fresh"]);
    let status = get(&host, "git").await?;
    assert_eq!((&status["unstaged"], &status["untracked"]), (&json!(1), &json!(1)));
    for (path, available) in [("inner/known", true), ("inner/fresh", true), ("outer", false), ("known", false)] {
        let seen = get(&host, &format!("git/diff/file?path={path}")).await?;
        assert_eq!(seen["available"], available, "{path}");
    }
    Ok(())
}
