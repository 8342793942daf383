//! The limit on requests: core's buckets, shared by all connections of a listener.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, request};
use roost_core::{
    ClientId, Millis,
    rate_limit::{RateExceeded, RateHits, RateKey, RateLimiter, RateLimits, Tier},
};

use crate::{WireError, client_id::CLIENT_ID, clock};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Counts requests by client, and refuses those over the limit.
#[derive(Debug)]
pub struct Rates {
    limiter: Mutex<RateLimiter>,
    /// Behind a loopback bind every client has the same address.
    is_loopback: bool,
}

impl Rates {
    #[must_use]
    pub fn new(limits: RateLimits, bound: SocketAddr) -> Self {
        let limiter = Mutex::new(RateLimiter::new(clock::now(), limits));
        Self { limiter, is_loopback: bound.ip().to_canonical().is_loopback() }
    }

    /// Charges a request of `tier` to whoever sent it from `peer` under the name in `headers`.
    ///
    /// # Errors
    /// It is one too many.
    pub fn charge(&self, tier: Tier, peer: IpAddr, headers: &HeaderMap) -> Result<(), RateExceeded> {
        let client = headers.get(CLIENT_ID).and_then(|id| ClientId::parse(id.to_str().ok()?).ok());
        let key = RateKey::new((!self.is_loopback).then_some(peer), client);
        self.limiter().admit(clock::now(), key, tier)
    }

    /// Charges a REST request by its tier; the answer to one over the limit.
    pub(super) fn refuse(&self, head: &request::Parts, peer: IpAddr) -> Option<Response> {
        let tier = Tier::of(head.method.as_str(), head.uri.path())?;
        self.charge(tier, peer, &head.headers).err().map(|exceeded| refusal(exceeded, clock::now()))
    }

    /// What was refused since the start.
    #[must_use]
    pub fn hits(&self) -> RateHits {
        self.limiter().hits()
    }

    /// From now on everything passes.
    pub fn drain(&self) {
        self.limiter().drain();
    }

    fn limiter(&self) -> MutexGuard<'_, RateLimiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// L4, without the headers that tell the limit.
#[must_use]
pub fn too_many(exceeded: &RateExceeded) -> WireError {
    WireError::new(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded")
        .code("rate_limit_exceeded")
        .with("tier", exceeded.tier)
        .with("retryAfterMs", exceeded.retry_after)
        .retry_after(exceeded.retry_after_seconds())
}

fn refusal(exceeded: RateExceeded, now: Millis) -> Response {
    let mut response = too_many(&exceeded).into_response();
    let headers = response.headers_mut();
    headers.insert(LIMIT, HeaderValue::from(exceeded.limit.get()));
    headers.insert(REMAINING, HeaderValue::from(0));
    headers.insert(RESET, HeaderValue::from(now.after(exceeded.retry_after).0.div_ceil(1_000)));
    response
}
