use std::{fs, os::unix::fs::PermissionsExt};

use futures_util::future::join_all;
use roost_core::EventType;
use roost_server::{Config, device_flow};
use roost_tests::{
    client::{
        Client, Response,
        events::{Cursor, EventStream},
    },
    identity_provider::{ACCESS_TOKEN, CLIENT_ID, IdentityProvider, REFRESH_TOKEN, Terms},
};
use serde_json::{Value, json};

use crate::front::Front;

/// The least a provider may ask for, so that no test waits longer than it must.
const QUICK: Terms = Terms { expires_in: Some(600), interval: Some(1) };

fn at(providers: &[(&IdentityProvider, &str)]) -> impl FnOnce(&mut Config) {
    let entries: Vec<Value> = providers.iter().map(|(provider, id)| provider.entry(id)).collect();
    move |config| {
        let list = tempfile::NamedTempFile::new().expect("a file");
        fs::write(list.path(), json!(entries).to_string()).expect("it is written");
        config.identity_providers = device_flow::IdentityProvider::read(list.path()).expect("a good list");
    }
}

async fn begin(client: &Client, provider: &str) -> anyhow::Result<Response> {
    client.post("/workspace/auth/device-flow", &json!({ "providerId": provider })).await
}

/// A daemon with one provider, `qwen-oauth`, and a session to hear the news in.
struct Scene {
    front: Front,
    provider: IdentityProvider,
    news: EventStream,
}

impl Scene {
    async fn open() -> anyhow::Result<Self> {
        let provider = IdentityProvider::start(QUICK).await?;
        let front = Front::start(at(&[(&provider, "qwen-oauth")])).await?;
        let client = front.client();
        let session = client.new_session().await?;
        let news = client.events(&session).from(Cursor::START).open().await?;
        Ok(Self { front, provider, news })
    }

    /// Starts a flow as the client `c`; its id and code.
    async fn begin(&self) -> anyhow::Result<(String, String)> {
        let begun = begin(&self.client(), "qwen-oauth").await?;
        assert_eq!(begun.status, 201, "{}", begun.text());
        let text = |name: &str| begun.json()[name].as_str().unwrap_or_default().to_owned();
        Ok((text("deviceFlowId"), text("userCode")))
    }

    fn client(&self) -> Client {
        self.front.client().with_client_id("client_c")
    }

    async fn look(&self, flow: &str) -> anyhow::Result<Value> {
        self.client().get(&format!("/workspace/auth/device-flow/{flow}")).await?.ok()
    }

    /// The data of the next event of this type, which client `c` caused.
    async fn hear(&mut self, kind: EventType) -> anyhow::Result<Value> {
        let events = self.news.until_type(kind).await?;
        let last = events.last().expect("it was waited for");
        assert_eq!(last.originator_client_id.as_ref().map(ToString::to_string).as_deref(), Some("client_c"));
        assert!(!format!("{events:?}").contains("canary"), "{events:?}");
        Ok(last.data.clone())
    }
}

/// F3: the whole way: a code for the user, the token on disk for nobody else, and then the news.
#[tokio::test]
async fn a_user_who_agrees_is_signed_in() -> anyhow::Result<()> {
    let mut scene = Scene::open().await?;
    let begun = begin(&scene.client(), "qwen-oauth").await?;
    let flow = begun.json();
    assert_eq!((begun.status, &flow["status"], &flow["attached"]), (201, &"pending".into(), &false.into()));
    assert_eq!((&flow["providerId"], &flow["intervalMs"]), (&"qwen-oauth".into(), &1_000.into()));
    assert_eq!(
        (&flow["initiatorClientId"], &flow["verificationUri"]),
        (&"client_c".into(), &"https://id.example/device".into())
    );
    let code = flow["userCode"].as_str().expect("a code");
    assert!(flow["verificationUriComplete"].as_str().is_some_and(|uri| uri.ends_with(code)));
    let id = flow["deviceFlowId"].as_str().expect("an id");
    let started = scene.hear(EventType::AuthDeviceFlowStarted).await?;
    assert_eq!(started, json!({"deviceFlowId": id, "providerId": "qwen-oauth", "expiresAt": flow["expiresAt"]}));

    scene.provider.polled(1).await?;
    let pending = scene.look(id).await?;
    assert_eq!((&pending["status"], &pending["userCode"]), (&"pending".into(), &code.into()));
    assert!(pending["lastPolledAt"].is_u64() && pending["createdAt"].is_u64());

    scene.provider.approve(code);
    let authorized = scene.hear(EventType::AuthDeviceFlowAuthorized).await?;
    let file = scene.front.home().join("oauth_creds.json");
    let kept: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
    assert_eq!(
        kept,
        json!({"access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN, "token_type": "Bearer", "resource_url": "models.example", "expiry_date": authorized["expiresAt"],
            "token_endpoint": scene.provider.entry("qwen-oauth")["tokenEndpoint"], "client_id": CLIENT_ID})
    );
    assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    assert_eq!((&authorized["deviceFlowId"], &authorized["providerId"]), (&id.into(), &"qwen-oauth".into()));
    let over = scene.look(id).await?;
    assert_eq!(over["status"], "authorized");
    for gone in ["userCode", "verificationUri", "verificationUriComplete", "expiresAt", "errorKind"] {
        assert!(over[gone].is_null(), "{gone} in {over}");
    }
    assert!(!over.to_string().contains("canary"), "{over}");
    Ok(())
}

/// F1: whoever starts again joins the flow under way, and does not see another's code.
#[tokio::test]
async fn a_second_start_joins_the_first() -> anyhow::Result<()> {
    let scene = Scene::open().await?;
    let (id, code) = scene.begin().await?;
    let again = begin(&scene.client(), "qwen-oauth").await?;
    assert_eq!((again.status, &again.json()["attached"]), (200, &true.into()));
    assert_eq!(
        (&again.json()["deviceFlowId"], &again.json()["userCode"]),
        (&id.as_str().into(), &code.as_str().into())
    );
    for other in [scene.front.client(), scene.front.client().with_client_id("client_d")] {
        let joined = begin(&other, "qwen-oauth").await?;
        assert_eq!((joined.status, &joined.json()["deviceFlowId"]), (200, &id.as_str().into()));
        let seen = other.get(&format!("/workspace/auth/device-flow/{id}")).await?;
        for answer in [joined, seen] {
            assert!(!answer.text().contains(&code) && !answer.text().contains("id.example"), "{}", answer.text());
            assert!(answer.json()["initiatorClientId"].is_null());
        }
    }
    Ok(())
}

/// F1: starts at the same moment are one, too.
#[tokio::test]
async fn starts_at_once_ask_the_provider_once() -> anyhow::Result<()> {
    let scene = Scene::open().await?;
    let client = scene.client();
    let answers = join_all((0..8).map(|_| begin(&client, "qwen-oauth"))).await;
    let answers = answers.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 7);
    assert_eq!(scene.provider.device_codes().len(), 1);
    Ok(())
}

/// F1: four flows at a time; status lists them, and cancelling one makes room.
#[tokio::test]
async fn a_fifth_flow_is_refused_until_there_is_room() -> anyhow::Result<()> {
    let provider = IdentityProvider::start(QUICK).await?;
    let front = Front::start(at(&["a", "b", "c", "d", "e"].map(|id| (&provider, id)))).await?;
    let client = front.client();
    let mut ids = Vec::new();
    for id in ["a", "b", "c", "d"] {
        ids.push(begin(&client, id).await?.ok()?["deviceFlowId"].clone());
    }
    let refused = begin(&client, "e").await?;
    assert_eq!((refused.status, refused.code().as_deref()), (409, Some("too_many_active_flows")));

    let status = client.get("/workspace/auth/status").await?.ok()?;
    assert_eq!(status["supportedDeviceFlowProviders"], json!(["a", "b", "c", "d", "e"]));
    assert_eq!((&status["v"], &status["workspaceCwd"]), (&1.into(), &json!(front.workspace()?)));
    let pending = status["pendingDeviceFlows"].as_array().expect("a list");
    assert_eq!(pending.len(), 4);
    assert!(ids.iter().all(|id| pending.iter().any(|flow| flow["deviceFlowId"] == *id && flow["expiresAt"].is_u64())));

    let first = ids[0].as_str().expect("an id");
    assert_eq!(client.delete(&format!("/workspace/auth/device-flow/{first}")).await?.status, 204);
    assert_eq!(begin(&client, "e").await?.status, 201);
    Ok(())
}

/// F2: a provider that is asked too often is asked five seconds less often, and the clients hear of it.
#[tokio::test]
async fn slowing_down_is_announced() -> anyhow::Result<()> {
    let mut scene = Scene::open().await?;
    let (id, code) = scene.begin().await?;
    scene.provider.slow_down(&code);
    let throttled = scene.hear(EventType::AuthDeviceFlowThrottled).await?;
    assert_eq!(throttled, json!({"deviceFlowId": id, "intervalMs": 6_000}));
    assert_eq!(scene.look(&id).await?["intervalMs"], 6_000);
    Ok(())
}

/// F2: so is one that cannot be reached.
#[tokio::test]
async fn a_provider_out_of_reach_is_asked_less_often() -> anyhow::Result<()> {
    let mut scene = Scene::open().await?;
    let (id, _) = scene.begin().await?;
    scene.provider = IdentityProvider::start(QUICK).await?;
    let throttled = scene.hear(EventType::AuthDeviceFlowThrottled).await?;
    assert_eq!(throttled, json!({"deviceFlowId": id, "intervalMs": 6_000}));
    assert_eq!(scene.look(&id).await?["status"], "pending");
    Ok(())
}

/// F3: whatever the provider refuses for, the flow has failed with that, once.
#[tokio::test]
async fn a_refusal_ends_the_flow_with_its_reason() -> anyhow::Result<()> {
    let mut scene = Scene::open().await?;
    for (status, body, kind, then) in [
        (400, r#"{"error":"access_denied"}"#, "access_denied", "error"),
        (400, r#"{"error":"expired_token"}"#, "expired_token", "expired"),
        (400, r#"{"error":"invalid_grant"}"#, "invalid_grant", "error"),
        (200, r#"{"canary":"canary"}"#, "upstream_error", "error"),
        (302, "", "upstream_error", "error"),
    ] {
        let (id, code) = scene.begin().await?;
        scene.provider.say(&code, status, body);
        let failed = scene.hear(EventType::AuthDeviceFlowFailed).await?;
        assert_eq!((&failed["deviceFlowId"], &failed["errorKind"]), (&id.as_str().into(), &kind.into()), "{body}");
        let over = scene.look(&id).await?;
        assert_eq!((&over["status"], &over["errorKind"]), (&then.into(), &kind.into()), "{body}");
        assert!(over["hint"].is_string() && over["userCode"].is_null(), "{over}");
    }
    assert!(!scene.front.home().join("oauth_creds.json").exists());
    Ok(())
}

/// F3: a token that cannot be kept is no sign-in.
#[tokio::test]
async fn a_token_that_cannot_be_saved_fails_the_flow() -> anyhow::Result<()> {
    let mut scene = Scene::open().await?;
    fs::create_dir_all(scene.front.home().join("oauth_creds.json/in-the-way"))?;
    let (id, code) = scene.begin().await?;
    scene.provider.approve(&code);
    let failed = scene.hear(EventType::AuthDeviceFlowFailed).await?;
    assert_eq!((&failed["deviceFlowId"], &failed["errorKind"]), (&id.as_str().into(), &"persist_failed".into()));
    assert_eq!(scene.look(&id).await?["status"], "error");
    let left: Vec<_> =
        fs::read_dir(scene.front.home())?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    assert!(!left.iter().any(|name| name.contains("draft")), "the token lies nowhere else: {left:?}");
    Ok(())
}

/// F3, F4: a flow that is cancelled stays cancelled, and cancelling it again says nothing new.
#[tokio::test]
async fn a_cancelled_flow_stays_cancelled() -> anyhow::Result<()> {
    let mut scene = Scene::open().await?;
    let (id, code) = scene.begin().await?;
    let path = format!("/workspace/auth/device-flow/{id}");
    assert_eq!(scene.client().delete(&path).await?.status, 204);
    assert_eq!(scene.hear(EventType::AuthDeviceFlowCancelled).await?, json!({"deviceFlowId": id}));
    scene.provider.approve(&code);
    assert_eq!(scene.client().delete(&path).await?.status, 204);
    assert_eq!(scene.look(&id).await?["status"], "cancelled");
    let (next, _) = scene.begin().await?;
    let events = scene.news.until_type(EventType::AuthDeviceFlowStarted).await?;
    assert!(events.iter().all(|event| event.kind != EventType::AuthDeviceFlowCancelled), "{events:?}");
    assert_ne!(next, id);
    Ok(())
}

/// F1: a provider that gives no code leaves nothing behind that the next start would join.
#[tokio::test]
async fn a_provider_that_gives_no_code_is_asked_again_by_the_next_start() -> anyhow::Result<()> {
    let scene = Scene::open().await?;
    scene.provider.issue_codes(false);
    let refused = begin(&scene.client(), "qwen-oauth").await?;
    assert_eq!((refused.status, refused.code().as_deref()), (502, Some("upstream_error")));
    assert_eq!(scene.client().get("/workspace/auth/status").await?.ok()?["pendingDeviceFlows"], json!([]));
    scene.provider.issue_codes(true);
    scene.begin().await?;
    Ok(())
}

/// F4: a flow nobody knows is not found, whatever one wants of it.
#[tokio::test]
async fn an_unknown_flow_is_not_found() -> anyhow::Result<()> {
    let scene = Scene::open().await?;
    for path in
        ["/workspace/auth/device-flow/none", &format!("/workspaces/{}/auth/device-flow/none", scene.front.selector())]
    {
        for answer in [scene.client().get(path).await?, scene.client().delete(path).await?] {
            assert_eq!((answer.status, answer.code().as_deref()), (404, Some("device_flow_not_found")));
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_twins_of_a_workspace_are_the_same_routes() -> anyhow::Result<()> {
    let scene = Scene::open().await?;
    let twin = format!("/workspaces/{}/auth/device-flow", scene.front.selector());
    let begun = scene.client().post(&twin, &json!({"providerId": "qwen-oauth"})).await?;
    assert_eq!(begun.status, 201);
    let id = begun.json()["deviceFlowId"].as_str().expect("an id").to_owned();
    assert_eq!(scene.look(&id).await?["status"], "pending");
    assert_eq!(scene.client().delete(&format!("{twin}/{id}")).await?.status, 204);
    Ok(())
}

#[tokio::test]
async fn without_a_provider_nobody_is_led_to_believe_there_is_one() -> anyhow::Result<()> {
    let front = Front::start(|_| ()).await?;
    let tags = async |front: &Front| -> anyhow::Result<bool> {
        let features = front.client().get("/capabilities").await?.json()["features"].clone();
        Ok(features.as_array().is_some_and(|tags| tags.contains(&"auth_device_flow".into())))
    };
    assert!(!tags(&front).await?);
    let refused = begin(&front.client(), "qwen-oauth").await?;
    assert_eq!((refused.status, refused.code().as_deref()), (400, Some("unsupported_provider")));
    assert_eq!(refused.json()["supportedProviders"], json!([]));
    assert!(tags(&Scene::open().await?.front).await?);
    Ok(())
}
