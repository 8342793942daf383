//! The file routes through real sockets: what they answer, and that nothing leads out of the workspace.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion: the panic names the line")]

#[path = "files/beneath.rs"]
mod beneath;
#[path = "front/daemon.rs"]
#[allow(dead_code, reason = "each test program uses its own part of it")]
mod daemon;
#[path = "files/finding.rs"]
mod finding;
#[path = "files/reading.rs"]
mod reading;
#[path = "files/writing.rs"]
mod writing;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use roost_server::{Config, config::TokenSource};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::daemon::{Answer, Running, TOKEN, bearer, running_in};

/// A daemon, its workspace, and a folder beside it that nobody may reach.
struct Workshop {
    running: Running,
    space: PathBuf,
    outside: PathBuf,
}

async fn workshop() -> Workshop {
    workshop_with(|_| {}).await
}

async fn workshop_with(adjust: impl FnOnce(&mut Config)) -> Workshop {
    let home = tempfile::tempdir().expect("a scratch home");
    let base = home.path().canonicalize().expect("it exists");
    let (space, outside) = (base.join("space"), base.join("outside"));
    for dir in [&space, &outside] {
        fs::create_dir(dir).expect("a new folder");
    }
    fs::write(outside.join("secret"), "OUTSIDE").expect("writable");
    let workspace = space.clone();
    let running = running_in(home, move |config| {
        config.workspace = workspace;
        adjust(config);
    })
    .await;
    Workshop { running, space, outside }
}

impl Workshop {
    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.space.join(name), content).expect("writable");
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.space.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    async fn get(&self, target: &str) -> Answer {
        self.running.send(&format!("GET {target}"), &[&bearer(TOKEN)]).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.running.post(path, &[&bearer(TOKEN)], &body.to_string()).await
    }

    async fn create(&self, path: &str, content: &str) -> Answer {
        self.post("/file/write", json!({ "path": path, "content": content, "mode": "create" })).await
    }

    async fn upload(&self, path: &str, content: &str) -> Answer {
        let headers = [
            format!("Host: {}", self.running.host()),
            bearer(TOKEN),
            "Content-Type: application/octet-stream".to_owned(),
            format!("Content-Length: {}", content.len()),
        ];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        self.running.raw(&daemon::request(&format!("POST /file/upload?path={path}"), &headers, content)).await
    }

    fn assert_outside_untouched(&self) {
        let names: Vec<_> = fs::read_dir(&self.outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["secret"]);
        assert_eq!(fs::read(self.outside.join("secret")).unwrap(), b"OUTSIDE");
    }
}

fn hash(bytes: impl AsRef<[u8]>) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// What a refusal says, and that it says it in the envelope of these routes.
fn refusal(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    assert_eq!(body["status"], answer.status, "{body}");
    assert!(body["error"].is_string() && body.get("code").is_none(), "{body}");
    (answer.status, body["errorKind"].as_str().expect("a kind").to_owned())
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn without_a_token_files_are_read_but_not_changed() {
    let shop = workshop_with(|config| config.token = TokenSource::Off).await;
    shop.put("a", "x");
    assert_eq!(shop.running.send("GET /file?path=a", &[]).await.status, 200);
    let id = shop.running.daemon.app().config.workspace_id();
    for prefix in [String::new(), format!("/workspaces/{id}")] {
        for path in ["/file/write", "/file/edit", "/file/upload?path=new"] {
            let answer = shop.running.post(&format!("{prefix}{path}"), &[], "{").await;
            assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("token_required")), "{prefix}{path}");
        }
    }
    assert_eq!(fs::read_dir(&shop.space).unwrap().count(), 1);
}

#[tokio::test]
async fn answers_are_neither_cached_nor_sniffed() {
    let shop = workshop().await;
    shop.put("a", "x");
    for target in
        ["/file?path=a", "/file/bytes?path=a", "/stat?path=a", "/list?path=.", "/glob?pattern=*", "/file?path=no"]
    {
        let answer = shop.get(target).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{target}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{target}");
    }
}

#[tokio::test]
async fn a_workspace_is_named_by_id_or_path_and_no_other_is_served() {
    let shop = workshop().await;
    shop.put("a", "x");
    let id = shop.running.daemon.app().config.workspace_id();
    let path = shop.space.to_str().unwrap().replace('/', "%2F");
    for selector in [&id, &path] {
        let answer = shop.get(&format!("/workspaces/{selector}/file?path=a")).await;
        assert_eq!((answer.status, &answer.json()["content"]), (200, &json!("x")), "{selector}");
    }
    for selector in ["0123456789abcdef", "%2F", "%2Fetc", "nope"] {
        assert_eq!(shop.get(&format!("/workspaces/{selector}/file?path=a")).await.status, 400, "{selector}");
    }
}

#[tokio::test]
async fn a_change_in_the_name_of_a_stranger_is_refused() {
    let shop = workshop().await;
    let body = r#"{"path":"a","content":"x","mode":"create"}"#;
    let answer = shop.running.post("/file/write", &[&bearer(TOKEN), "X-Qwen-Client-Id: client_x"], body).await;
    let expected = json!({
        "error": "Client id \"client_x\" is not registered for this workspace",
        "code": "invalid_client_id",
        "clientId": "client_x",
    });
    assert_eq!((answer.status, answer.json()), (400, expected));
    assert!(!shop.space.join("a").exists());
}
