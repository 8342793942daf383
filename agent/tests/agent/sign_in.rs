//! Models one signs in for, and models that are connected while the agent runs.

use std::{fs, os::unix::fs::PermissionsExt};

use roost_tests::{
    fake_model::{FakeModel, Script, Step},
    identity_provider::{ACCESS_TOKEN, CLIENT_ID, IdentityProvider, REFRESH_TOKEN, Terms},
};
use serde_json::{Value, json};

use crate::support::{Scene, text_of};

const FAR: u64 = 4_102_444_800_000;
/// What a sign-in left, in the home.
const FILE: &str = "oauth_creds.json";

/// A home without any model, a model server, and who hands out tokens for it.
struct SignedIn {
    scene: Scene,
    model: FakeModel,
    provider: IdentityProvider,
}

impl SignedIn {
    async fn with(script: Script) -> Self {
        let scene = Scene::with_environment::<String>([]);
        let model = FakeModel::start(script).await.expect("the model starts");
        let provider = IdentityProvider::start(Terms::default()).await.expect("the provider starts");
        Self { scene, model, provider }
    }

    async fn new() -> Self {
        Self::with(Script::answer(|_| vec![Step::text("signed in")])).await
    }

    fn file(&self) -> std::path::PathBuf {
        self.scene.home.path().join(FILE)
    }

    /// What the daemon writes when the user has agreed.
    fn sign_in(&self, expiry_date: u64) {
        let kept = json!({
            "access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN, "resource_url": self.model.base_url(),
            "expiry_date": expiry_date, "token_endpoint": self.provider.entry("p")["tokenEndpoint"],
            "client_id": CLIENT_ID, "scope": "openid",
        });
        self.scene.write_home(FILE, &kept.to_string());
    }

    fn kept(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.file()).expect("reads")).expect("JSON")
    }

    /// What the model server was shown, request by request.
    fn bearers(&self) -> Vec<String> {
        self.model.requests().into_iter().map(|request| request.authorization.unwrap_or_default()).collect()
    }
}

fn bearer(renewals: usize) -> String {
    format!("Bearer {}", IdentityProvider::access_token(renewals))
}

#[tokio::test]
async fn a_running_session_uses_a_token_from_its_next_prompt_on() {
    let world = SignedIn::new().await;
    let mut peer = world.scene.start().await;
    let session = peer.open(&world.scene).await;
    peer.turn(&session, "hello").await.0.expect("the demo model answers");
    assert!(world.bearers().is_empty());
    world.sign_in(FAR);
    let (end, updates) = peer.turn(&session, "hello").await;
    end.expect("ends");
    assert_eq!(text_of(&updates, "agent_message_chunk"), "signed in");
    assert_eq!(world.bearers(), [bearer(0)]);
    assert_eq!(world.model.requests()[0].model(), "coder-model");
    let providers = peer.call("qwen/status/workspace/providers", json!({"cwd": world.scene.workspace()})).await;
    let current = &providers.expect("answers")["current"];
    assert_eq!((&current["authType"], &current["modelId"]), (&json!("qwen-oauth"), &json!("coder-model(qwen-oauth)")));
    assert_eq!(world.provider.renewals(), 0);
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_renewed_before_it_is_shown() {
    let world = SignedIn::new().await;
    world.sign_in(1);
    let mut peer = world.scene.start().await;
    let session = peer.open(&world.scene).await;
    for _ in 0..2 {
        peer.turn(&session, "hello").await.0.expect("ends");
    }
    assert_eq!(world.bearers(), [bearer(1), bearer(1)]);
    let kept = world.kept();
    assert_eq!(kept["access_token"], IdentityProvider::access_token(1));
    assert_eq!((&kept["scope"], &kept["client_id"]), (&json!("openid"), &json!(CLIENT_ID)), "what is not new stays");
    assert_ne!(kept["refresh_token"], REFRESH_TOKEN);
    assert!(kept["expiry_date"].as_u64().is_some_and(|date| date > 1));
    assert_eq!(fs::metadata(world.file()).expect("is there").permissions().mode() & 0o777, 0o600);
}

/// Refresh tokens are good once: the second agent must see what the first one got.
#[tokio::test]
async fn agents_that_renew_at_the_same_moment_use_one_refresh_token() {
    let world = SignedIn::new().await;
    world.sign_in(1);
    let mut peers = Vec::new();
    for _ in 0..4 {
        let mut peer = world.scene.start().await;
        let session = peer.open(&world.scene).await;
        peers.push((peer, session));
    }
    let ends: Vec<_> = peers.iter().map(|(peer, session)| peer.prompt(session, "hello")).collect();
    for end in ends {
        end.await.expect("joins").expect("ends");
    }
    assert_eq!((world.provider.renewals(), world.bearers()), (1, vec![bearer(1); 4]));
}

#[tokio::test]
async fn a_token_that_the_server_does_not_take_is_renewed_once() {
    let world = SignedIn::with(Script::turns([vec![Step::status(401)], vec![Step::text("well")]])).await;
    world.sign_in(FAR);
    let mut peer = world.scene.start().await;
    let session = peer.open(&world.scene).await;
    peer.turn(&session, "hello").await.0.expect("ends");
    assert_eq!(world.bearers(), [bearer(0), bearer(1)]);
}

#[tokio::test]
async fn a_sign_in_that_is_over_says_so_and_shows_no_secret() {
    let world = SignedIn::new().await;
    world.provider.revoke();
    world.sign_in(1);
    let mut peer = world.scene.start().await;
    let session = peer.open(&world.scene).await;
    let error = peer.turn(&session, "hello").await.0.expect_err("refused");
    assert_eq!(error.code.value(), -32000, "the protocol's word for a client that has to sign in");
    assert!(error.message.contains("Sign in again") && error.message.contains("invalid_grant"), "{}", error.message);
    assert!(!error.message.contains("canary"), "{}", error.message);
    assert!(world.bearers().is_empty(), "a token that has expired is shown to nobody");
}

/// What a page writes when a provider is connected.
#[tokio::test]
async fn a_provider_that_is_connected_is_used_from_the_next_prompt_on() {
    let scene = Scene::with_environment([("KEY_HOST", "127.0.0.1".to_owned()), ("SOME_KEY", "sk-some".to_owned())]);
    let model = FakeModel::start(Script::answer(|_| vec![Step::text("connected")])).await.expect("the model starts");
    let mut peer = scene.start().await;
    let (session, other) = (peer.open(&scene).await, peer.open(&scene).await);
    peer.turn(&session, "hello").await.0.expect("the demo model answers");
    let url = model.base_url().replace("127.0.0.1", "${KEY_HOST}");
    let connect = |id: &str| {
        let settings = json!({
            "env": {"FILE_KEY": "$SOME_KEY"}, "model": {"name": id},
            "modelProviders": {"openai": [
                {"id": "one", "baseUrl": url, "envKey": "FILE_KEY"}, {"id": "two", "baseUrl": url, "envKey": "FILE_KEY"},
            ]},
        });
        scene.write_home("settings.json", &settings.to_string());
    };
    connect("one");
    peer.turn(&session, "hello").await.0.expect("ends");
    peer.call("session/set_model", json!({"sessionId": other, "modelId": "two"})).await.expect("switches");
    connect("two");
    peer.turn(&session, "hello").await.0.expect("ends");
    connect("one");
    for session in [&session, &other] {
        peer.turn(session, "hello").await.0.expect("ends");
    }
    let asked: Vec<_> =
        model.requests().into_iter().map(|asked| (asked.model().to_owned(), asked.authorization)).collect();
    let with = |id: &str| (id.to_owned(), Some("Bearer sk-some".to_owned()));
    assert_eq!(asked, [with("one"), with("two"), with("one"), with("two")], "the default is followed, a choice stays");
}
