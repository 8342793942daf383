//! An identity provider for tests: real HTTP, the device authorization grant of RFC 8628 with PKCE, users that decide when the test says
//! so, and refresh tokens that are good once (RFC 6749 §6).

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::{StatusCode, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use url::form_urlencoded;
use uuid::Uuid;

use crate::deadline::within;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REFRESH: &str = "refresh_token";

/// What the provider hands out; long and odd enough to be found wherever they leak to.
pub const ACCESS_TOKEN: &str = "canary-access-token";
pub const REFRESH_TOKEN: &str = "canary-refresh-token";
pub const CLIENT_ID: &str = "client-of-this-test";

/// A running identity provider. Dropping it closes its socket.
#[derive(Debug)]
pub struct IdentityProvider {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// What it says of its codes, in seconds, where it says anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    pub expires_in: Option<u64>,
    pub interval: Option<u64>,
}

#[derive(Debug)]
struct Shared {
    terms: Terms,
    issues_codes: Mutex<bool>,
    token: Mutex<TokenTerms>,
    /// The refresh token that is good now, and how many were used up before it.
    refresh: Mutex<(String, usize)>,
    codes: Mutex<Vec<Code>>,
    polls: watch::Sender<usize>,
}

/// What it says of its tokens.
#[derive(Clone, Debug)]
struct TokenTerms {
    resource_url: String,
    /// In seconds, of the first token; later ones are good for an hour.
    expires_in: u64,
}

#[derive(Debug)]
struct Code {
    device_code: String,
    user_code: String,
    challenge: String,
    decision: Decision,
}

/// How a user decides, or what the provider says instead.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Decision {
    Open,
    /// Open, but the next poll is told to slow down.
    TooFast,
    Approved,
    Denied,
    /// The code was used, or never was.
    Void,
    Says(u16, String),
}

impl IdentityProvider {
    /// Starts on a free loopback port.
    pub async fn start(terms: Terms) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            terms,
            issues_codes: Mutex::new(true),
            token: Mutex::new(TokenTerms { resource_url: "models.example".to_owned(), expires_in: 3600 }),
            refresh: Mutex::new((REFRESH_TOKEN.to_owned(), 0)),
            codes: Mutex::default(),
            polls: watch::Sender::new(0),
        });
        let router = Router::new()
            .route("/device", post(authorize_device))
            .route("/token", post(token))
            .route("/user", post(user))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(serve(listener, router));
        Ok(Self { address, shared, serving })
    }

    /// Where it is. A test that is another process is the user by `POST /user` with a form of `user_code` and `decision`, which is
    /// `approve` or `deny`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its entry in the daemon's list of identity providers.
    #[must_use]
    pub fn entry(&self, id: &str) -> Value {
        let at = |path: &str| format!("{}/{path}", self.url());
        json!({
            "id": id, "clientId": CLIENT_ID, "scope": "openid model.completion",
            "deviceAuthorizationEndpoint": at("device"), "tokenEndpoint": at("token"),
        })
    }

    /// The user enters the code and agrees.
    pub fn approve(&self, user_code: &str) {
        self.decide(user_code, Decision::Approved);
    }

    /// The user enters the code and declines.
    pub fn deny(&self, user_code: &str) {
        self.decide(user_code, Decision::Denied);
    }

    /// The next poll is too early, it will say.
    pub fn slow_down(&self, user_code: &str) {
        self.decide(user_code, Decision::TooFast);
    }

    /// From now on polls are answered with this.
    pub fn say(&self, user_code: &str, status: u16, body: &str) {
        self.decide(user_code, Decision::Says(status, body.to_owned()));
    }

    /// Whether requests for codes get any.
    pub fn issue_codes(&self, issues: bool) {
        *lock(&self.shared.issues_codes) = issues;
    }

    /// From now on tokens are for the models at this address, and the first one is good for so many seconds.
    pub fn tokens_are_for(&self, resource_url: impl Into<String>, expires_in: u64) {
        *lock(&self.shared.token) = TokenTerms { resource_url: resource_url.into(), expires_in };
    }

    /// How many refresh tokens were used up.
    #[must_use]
    pub fn renewals(&self) -> usize {
        lock(&self.shared.refresh).1
    }

    /// No refresh token is good any more.
    pub fn revoke(&self) {
        lock(&self.shared.refresh).0.clear();
    }

    /// The access token after so many renewals.
    #[must_use]
    pub fn access_token(renewals: usize) -> String {
        if renewals == 0 { ACCESS_TOKEN.to_owned() } else { format!("{ACCESS_TOKEN}-{renewals}") }
    }

    /// Codes handed out so far: the secret halves.
    #[must_use]
    pub fn device_codes(&self) -> Vec<String> {
        lock(&self.shared.codes).iter().map(|code| code.device_code.clone()).collect()
    }

    /// Polls so far.
    #[must_use]
    pub fn polls(&self) -> usize {
        *self.shared.polls.borrow()
    }

    /// Returns when there have been this many polls.
    pub async fn polled(&self, times: usize) -> anyhow::Result<()> {
        let mut polls = self.shared.polls.subscribe();
        within("the daemon to poll", polls.wait_for(|count| *count >= times)).await??;
        Ok(())
    }

    fn decide(&self, user_code: &str, decision: Decision) {
        self.shared.decide(user_code, decision);
    }
}

impl Shared {
    /// Whether there is such a code.
    fn decide(&self, user_code: &str, decision: Decision) -> bool {
        let mut codes = lock(&self.codes);
        let code = codes.iter_mut().find(|code| code.user_code == user_code);
        code.map(|code| code.decision = decision).is_some()
    }
}

async fn serve(listener: TcpListener, router: Router) {
    // Connections end with the provider.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let service = TowerToHyperService::new(router.clone());
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn form(body: &[u8], name: &str) -> String {
    let mut pairs = form_urlencoded::parse(body);
    pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn error(status: StatusCode, word: &str) -> Response {
    (status, Json(json!({ "error": word }))).into_response()
}

async fn authorize_device(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    if !*lock(&shared.issues_codes) {
        return error(StatusCode::FORBIDDEN, "unauthorized_client");
    }
    let challenge = form(&body, "code_challenge");
    if form(&body, "client_id") != CLIENT_ID || form(&body, "scope").is_empty() || challenge.is_empty() {
        return error(StatusCode::BAD_REQUEST, "invalid_request");
    }
    if form(&body, "code_challenge_method") != "S256" {
        return error(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let user_code = Uuid::new_v4().simple().to_string()[..8].to_uppercase();
    let device_code = format!("canary-device-code-{}", Uuid::new_v4());
    let mut answer = json!({
        "device_code": device_code, "user_code": user_code,
        "verification_uri": "https://id.example/device",
        "verification_uri_complete": format!("https://id.example/device?user_code={user_code}"),
    });
    for (name, seconds) in [("expires_in", shared.terms.expires_in), ("interval", shared.terms.interval)] {
        if let Some(seconds) = seconds {
            answer[name] = json!(seconds);
        }
    }
    lock(&shared.codes).push(Code { device_code, user_code, challenge, decision: Decision::Open });
    Json(answer).into_response()
}

async fn user(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let decision = match form(&body, "decision").as_str() {
        "approve" => Decision::Approved,
        "deny" => Decision::Denied,
        _ => return StatusCode::BAD_REQUEST,
    };
    if shared.decide(&form(&body, "user_code"), decision) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn token(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    if form(&body, "grant_type") == REFRESH && form(&body, "client_id") == CLIENT_ID {
        return renew(&shared, &form(&body, "refresh_token"));
    }
    shared.polls.send_modify(|count| *count += 1);
    if form(&body, "grant_type") != GRANT_TYPE || form(&body, "client_id") != CLIENT_ID {
        return error(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let device_code = form(&body, "device_code");
    let mut codes = lock(&shared.codes);
    let Some(code) = codes.iter_mut().find(|code| code.device_code == device_code) else {
        return error(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(form(&body, "code_verifier")));
    if proof != code.challenge {
        return error(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    match code.decision.clone() {
        Decision::Open => error(StatusCode::BAD_REQUEST, "authorization_pending"),
        Decision::TooFast => {
            code.decision = Decision::Open;
            error(StatusCode::BAD_REQUEST, "slow_down")
        }
        Decision::Denied => error(StatusCode::BAD_REQUEST, "access_denied"),
        Decision::Void => error(StatusCode::BAD_REQUEST, "invalid_grant"),
        Decision::Says(status, body) => {
            (StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT), body).into_response()
        }
        Decision::Approved => {
            code.decision = Decision::Void;
            let TokenTerms { resource_url, expires_in } = lock(&shared.token).clone();
            let token = json!({
                "access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN, "token_type": "Bearer",
                "resource_url": resource_url, "expires_in": expires_in,
            });
            Json(token).into_response()
        }
    }
}

/// Another token for a refresh token that was not used yet.
fn renew(shared: &Shared, refresh_token: &str) -> Response {
    let mut refresh = lock(&shared.refresh);
    let (good, renewals) = &mut *refresh;
    if refresh_token.is_empty() || refresh_token != good {
        return error(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    *renewals += 1;
    *good = format!("{REFRESH_TOKEN}-{renewals}");
    let token = json!({
        "access_token": IdentityProvider::access_token(*renewals), "refresh_token": good, "token_type": "Bearer",
        "expires_in": 3600,
    });
    Json(token).into_response()
}
