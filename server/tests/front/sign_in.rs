use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use roost_server::config::TokenSource;
use serde_json::json;

use crate::daemon::{Answer, Running, bearer, config, running, running_in};

fn kept(config: &mut roost_server::Config) {
    config.token = TokenSource::Kept;
}

/// The code in a fresh sign-in link.
fn code(daemon: &Running) -> String {
    let link = daemon.daemon.sign_in_link().expect("signing in is needed");
    let (page, code) = link.reveal().split_once("#code=").expect("the code is in the fragment");
    assert_eq!(page, format!("http://{}/", daemon.address()));
    code.to_owned()
}

async fn exchange(daemon: &Running, code: &str) -> Answer {
    daemon.post("/auth/exchange", &[], &json!({ "code": code }).to_string()).await
}

fn credential(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["token"].as_str().expect("a token").to_owned()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

#[tokio::test]
async fn a_link_signs_one_browser_in_once() {
    let daemon = running(kept).await;
    let code = code(&daemon);
    let credential = credential(&exchange(&daemon, &code).await);
    assert_eq!(daemon.send("GET /capabilities", &[&bearer(&credential)]).await.status, 200);
    assert_eq!(
        daemon.send("GET /capabilities", &[&bearer(&code)]).await.status,
        401,
        "the code itself is no credential"
    );

    let again = exchange(&daemon, &code).await;
    assert_eq!((again.status, again.json()["code"].as_str()), (401, Some("invalid_sign_in_code")));
    assert!(again.json()["error"].as_str().is_some_and(|text| text.contains("SIGUSR1")), "it says what to do");
}

#[tokio::test]
async fn two_links_are_good_side_by_side() {
    let daemon = running(kept).await;
    let (first, second) = (code(&daemon), code(&daemon));
    let second = credential(&exchange(&daemon, &second).await);
    assert_ne!(credential(&exchange(&daemon, &first).await), second);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let daemon = running(kept).await;
    for _ in 0..10 {
        assert_eq!(exchange(&daemon, "guess").await.status, 401);
    }
    let limited = exchange(&daemon, "guess").await;
    assert_eq!((limited.status, limited.json()["code"].as_str()), (429, Some("too_many_sign_in_attempts")));
    let seconds: u64 = limited.header("retry-after").and_then(|value| value.parse().ok()).expect("whole seconds");
    assert!((1..=60).contains(&seconds));
}

#[tokio::test]
async fn a_signed_in_browser_stays_in_after_a_restart() {
    let first = running(kept).await;
    let credential = credential(&exchange(&first, &code(&first)).await);
    let token = fs::read_to_string(first.home.path().join(".qwen/roost/token")).expect("the kept token");
    let Running { daemon, home } = first;
    daemon.stop().await;

    let second = running_in(home, kept).await;
    assert_eq!(second.send("GET /capabilities", &[&bearer(&credential)]).await.status, 200);
    assert_eq!(second.send("GET /capabilities", &[&bearer(token.trim())]).await.status, 200);
}

#[tokio::test]
async fn secrets_on_disk_are_the_owners_alone_and_credentials_are_hashed() {
    let daemon = running(kept).await;
    let credential = credential(&exchange(&daemon, &code(&daemon)).await);
    let dir = daemon.home.path().join(".qwen/roost");
    assert_eq!((mode(&dir), mode(&dir.join("token")), mode(&dir.join("devices.json"))), (0o700, 0o600, 0o600));
    for entry in fs::read_dir(&dir).expect("the state directory") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert!(!fs::read_to_string(&path).expect("text").contains(&credential), "{}", path.display());
    }
}

#[tokio::test]
async fn a_state_directory_that_stood_open_is_closed() {
    let home = tempfile::tempdir().expect("a scratch home");
    let dir = home.path().join(".qwen/roost");
    fs::create_dir_all(&dir).expect("a directory");
    fs::write(dir.join("token"), "an-older-token\n").expect("a token");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("open");
    fs::set_permissions(dir.join("token"), fs::Permissions::from_mode(0o644)).expect("open");
    let daemon = running_in(home, kept).await;
    assert_eq!((mode(&dir), mode(&dir.join("token"))), (0o700, 0o600));
    assert_eq!(daemon.send("GET /capabilities", &[&bearer("an-older-token")]).await.status, 200);
}

#[tokio::test]
async fn a_broken_list_of_devices_is_set_aside() {
    let home = tempfile::tempdir().expect("a scratch home");
    let dir = home.path().join(".qwen/roost");
    fs::create_dir_all(&dir).expect("a directory");
    fs::write(dir.join("devices.json"), "{").expect("a broken file");
    let daemon = running_in(home, kept).await;
    assert_eq!(fs::read_to_string(dir.join("devices.json.broken")).expect("kept for a look"), "{");
    credential(&exchange(&daemon, &code(&daemon)).await);
}

#[tokio::test]
async fn an_empty_token_file_is_refused_with_what_to_do() {
    let home = tempfile::tempdir().expect("a scratch home");
    let dir = home.path().join(".qwen/roost");
    fs::create_dir_all(&dir).expect("a directory");
    fs::write(dir.join("token"), "\n").expect("an empty token");
    let mut config = config(home.path());
    kept(&mut config);
    let error = roost_server::serve::start(config).await.expect_err("no token, no daemon");
    assert!(error.to_string().contains("delete it and start again"), "{error}");
}

#[tokio::test]
async fn without_auth_there_is_nothing_to_sign_in_to() {
    let daemon = running(|config| config.token = TokenSource::Off).await;
    assert!(daemon.daemon.sign_in_link().is_none());
    assert_eq!(exchange(&daemon, "guess").await.status, 401);
}
