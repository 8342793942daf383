//! What a request must pass before it is routed, in the order in which errors win: Origin, Host, bearer, rate.

mod bearer;
pub mod gate;
mod host;
mod origin;
mod rates;

use std::net::{IpAddr, SocketAddr};

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request};

pub use host::{Hosts, OwnAddress};
pub use origin::{InvalidOrigin, OriginPattern, OriginPolicy};
pub use rates::{Rates, too_many};

use self::origin::{Scheme, Standing};
use crate::{Config, WireError, auth::Auth, page::Page};

/// The rules of one listener.
#[derive(Debug)]
pub struct Admission {
    hosts: Hosts,
    origins: OriginPolicy,
    scheme: Scheme,
    health_is_open: bool,
    rates: Option<Rates>,
}

/// How a connection looks from both ends.
#[derive(Debug, Clone, Copy)]
pub struct Ends<'a> {
    pub peer: IpAddr,
    pub own: &'a OwnAddress,
}

/// What became of a request at the door.
#[derive(Debug)]
pub enum Verdict {
    /// Route it.
    Enter,
    /// Answer it with this and route nothing.
    Answered(Response),
}

/// A verdict, and the foreign origin whose browser may read the answer.
#[derive(Debug)]
pub struct Decision {
    pub verdict: Verdict,
    pub reader: Option<HeaderValue>,
}

impl Admission {
    /// The rules for a listener at `bound`.
    #[must_use]
    pub fn new(config: &Config, bound: SocketAddr) -> Self {
        Self {
            hosts: Hosts::new(bound, &config.allow_hosts),
            origins: OriginPolicy::new(&config.allow_origins),
            scheme: if config.tls.is_some() { Scheme::Https } else { Scheme::Http },
            rates: config.rate_limits.map(|limits| Rates::new(limits, bound)),
            health_is_open: bound.ip().to_canonical().is_loopback() && !config.require_auth,
        }
    }

    /// Judges a request by its head. Removes an `Origin` that is the daemon's own.
    pub fn decide(&self, head: &mut request::Parts, ends: Ends<'_>, auth: &Auth, page: &Page) -> Decision {
        let reader = match origin::standing(head, &self.origins, self.scheme, &self.hosts, ends.own) {
            Standing::Own => None,
            Standing::Allowed(origin) => Some(origin),
            Standing::Denied => return Decision { verdict: Verdict::Answered(origin_denied()), reader: None },
        };
        let verdict = self.decide_for(head, ends, auth, page, reader.is_some());
        Decision { verdict, reader }
    }

    /// The limit on requests, where there is one.
    #[must_use]
    pub fn rates(&self) -> Option<&Rates> {
        self.rates.as_ref()
    }

    fn decide_for(&self, head: &request::Parts, ends: Ends<'_>, auth: &Auth, page: &Page, foreign: bool) -> Verdict {
        if foreign && is_preflight(head) {
            return Verdict::Answered(StatusCode::NO_CONTENT.into_response());
        }
        if !self.hosts.admit(head, ends.own) {
            return Verdict::Answered(WireError::new(StatusCode::FORBIDDEN, "Invalid Host header").into_response());
        }
        if self.is_open(&head.method, &head.uri, &head.headers, page) {
            return Verdict::Enter;
        }
        if !auth.is_on() && !foreign && is_foreign_fetch(&head.headers) {
            return Verdict::Answered(origin_denied());
        }
        if auth.is_on() && !bearer::of(head).is_some_and(|token| auth.admits(&token)) {
            return Verdict::Answered(WireError::unauthorized().into_response());
        }
        // What needs no credential is not counted either: a stranger must not use up what others have.
        let refused = self.rates.as_ref().and_then(|rates| rates.refuse(head, ends.peer));
        refused.map_or(Verdict::Enter, Verdict::Answered)
    }

    /// Routes that need no credential: they hold no secret, or are the way to one.
    fn is_open(&self, method: &Method, uri: &Uri, headers: &HeaderMap, page: &Page) -> bool {
        let reads = method == Method::GET || method == Method::HEAD;
        match uri.path() {
            "/health" => reads && self.health_is_open,
            "/auth/exchange" => method == Method::POST,
            path => reads && !headers.contains_key(header::AUTHORIZATION) && page.answers(path, headers),
        }
    }
}

/// Lets the browser of an allowed foreign origin read `response`.
pub fn let_read(response: &mut Response, reader: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, reader);
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, DELETE, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, X-Qwen-Client-Id, Last-Event-ID, X-Qwen-Event-Epoch",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Retry-After, X-Qwen-Event-Epoch"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn is_preflight(head: &request::Parts) -> bool {
    head.method == Method::OPTIONS
        && (head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
            || head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_HEADERS))
}

/// A browser says another site's page caused this. Such a request may come without `Origin` (an image, a form that GETs).
fn is_foreign_fetch(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site")
}

fn origin_denied() -> Response {
    let mut response = WireError::new(StatusCode::FORBIDDEN, "Request denied by CORS policy").into_response();
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
    response
}
