//! How many requests a client may send (rules L1–L6): a bucket of tokens for each client and tier.

#[cfg(test)]
mod tests;

use core::net::IpAddr;
use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroU64},
};

use serde::Serialize;

use crate::{ClientId, Millis};

/// Clients whose buckets are kept at a time; beyond that, new ones pass unlimited.
pub const MAX_CLIENTS: usize = 10_000;
/// Time between two sweeps, which drop unused buckets.
const SWEEP_INTERVAL: Millis = Millis(5 * 60 * 1_000);
/// A sweep is also due after so many requests.
const SWEEP_REQUESTS: u32 = 1_000;

/// What a request costs a token of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    Prompt,
    Mutation,
    Read,
}

/// Requests that each tier allows in one window, which is also how many may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    pub prompt: NonZeroU32,
    pub mutation: NonZeroU32,
    pub read: NonZeroU32,
    /// In milliseconds.
    pub window: NonZeroU64,
}

/// Requests that were refused since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RateHits {
    pub prompt: u64,
    pub mutation: u64,
    pub read: u64,
}

/// Whom a bucket belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RateKey {
    /// Behind a loopback bind every peer has the same address: only what it calls itself tells clients apart.
    Local(Option<ClientId>),
    Remote(IpAddr, Option<ClientId>),
}

/// A request over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateExceeded {
    pub tier: Tier,
    /// Requests of this tier in a window.
    pub limit: NonZeroU32,
    /// Until the next one is let through.
    pub retry_after: Millis,
}

/// The buckets of all clients.
#[derive(Debug)]
pub struct RateLimiter {
    limits: RateLimits,
    clients: BTreeMap<RateKey, Buckets>,
    hits: RateHits,
    is_draining: bool,
    swept_at: Millis,
    requests_since_sweep: u32,
}

/// The buckets of one client; one that was never needed is full.
#[derive(Clone, Debug, Default)]
struct Buckets {
    prompt: Option<Bucket>,
    mutation: Option<Bucket>,
    read: Option<Bucket>,
    touched_at: Millis,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Millis,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            prompt: const { NonZeroU32::new(10).unwrap() },
            mutation: const { NonZeroU32::new(30).unwrap() },
            read: const { NonZeroU32::new(120).unwrap() },
            window: const { NonZeroU64::new(60_000).unwrap() },
        }
    }
}

impl RateLimits {
    fn of(&self, tier: Tier) -> NonZeroU32 {
        match tier {
            Tier::Prompt => self.prompt,
            Tier::Mutation => self.mutation,
            Tier::Read => self.read,
        }
    }
}

impl Tier {
    /// The tier of a REST request by its method and the path of its target; `None` is exempt.
    #[must_use]
    pub fn of(method: &str, path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path);
        let reads = matches!(method, "GET" | "HEAD");
        let segments: Vec<&str> = path.split('/').skip(1).take(5).collect();
        match (method, segments.as_slice()) {
            ("OPTIONS", _) | (_, ["acp", ..] | ["workspaces", _, "acp"]) => None,
            (_, ["health" | "demo"]) if reads => None,
            ("POST", ["session", _, "heartbeat"]) | ("GET", ["session", _, "events"]) => None,
            ("POST", ["session", _, "prompt"]) => Some(Self::Prompt),
            _ if reads => Some(Self::Read),
            _ => Some(Self::Mutation),
        }
    }
}

impl RateKey {
    /// Who sent a request. `peer` is none behind a loopback bind; an id need not be registered anywhere.
    #[must_use]
    pub fn new(peer: Option<IpAddr>, client: Option<ClientId>) -> Self {
        match peer {
            None => Self::Local(client),
            Some(peer) => Self::Remote(peer.to_canonical(), client),
        }
    }
}

impl RateLimiter {
    #[must_use]
    pub fn new(now: Millis, limits: RateLimits) -> Self {
        Self {
            limits,
            clients: BTreeMap::new(),
            hits: RateHits::default(),
            is_draining: false,
            swept_at: now,
            requests_since_sweep: 0,
        }
    }

    /// Takes a token from the client's bucket.
    ///
    /// # Errors
    /// There is none. The refusal is counted.
    pub fn admit(&mut self, now: Millis, key: RateKey, tier: Tier) -> Result<(), RateExceeded> {
        if self.is_draining {
            return Ok(());
        }
        self.sweep_when_due(now);
        if self.clients.len() >= MAX_CLIENTS && !self.clients.contains_key(&key) {
            return Ok(());
        }
        let limit = self.limits.of(tier);
        let buckets = self.clients.entry(key).or_default();
        buckets.touched_at = now;
        let full = Bucket { tokens: f64::from(limit.get()), filled_at: now };
        let taken = buckets.of(tier).get_or_insert(full).take(now, limit, self.limits.window);
        taken.map_err(|retry_after| {
            self.hits.count(tier);
            RateExceeded { tier, limit, retry_after }
        })
    }

    /// From now on everything passes: the daemon is on its way out.
    pub fn drain(&mut self) {
        self.is_draining = true;
    }

    #[must_use]
    pub fn hits(&self) -> RateHits {
        self.hits
    }

    /// How many clients have buckets.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    /// A bucket that has not been used for two windows is full again, so there is nothing in it to remember.
    fn sweep_when_due(&mut self, now: Millis) {
        self.requests_since_sweep += 1;
        if self.requests_since_sweep < SWEEP_REQUESTS && now.since(self.swept_at) < SWEEP_INTERVAL {
            return;
        }
        let idle = Millis(self.limits.window.get().saturating_mul(2));
        self.clients.retain(|_, buckets| now.since(buckets.touched_at) < idle);
        self.swept_at = now;
        self.requests_since_sweep = 0;
    }
}

impl Buckets {
    fn of(&mut self, tier: Tier) -> &mut Option<Bucket> {
        match tier {
            Tier::Prompt => &mut self.prompt,
            Tier::Mutation => &mut self.mutation,
            Tier::Read => &mut self.read,
        }
    }
}

impl Bucket {
    /// Fills up for the time that has passed and takes one; else the time until there is one.
    fn take(&mut self, now: Millis, limit: NonZeroU32, window: NonZeroU64) -> Result<(), Millis> {
        let capacity = f64::from(limit.get());
        let per_milli = capacity / window.get() as f64;
        self.tokens = (self.tokens + now.since(self.filled_at).0 as f64 * per_milli).min(capacity);
        self.filled_at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Millis(((1.0 - self.tokens) / per_milli).ceil() as u64))
    }
}

impl RateHits {
    fn count(&mut self, tier: Tier) {
        match tier {
            Tier::Prompt => self.prompt += 1,
            Tier::Mutation => self.mutation += 1,
            Tier::Read => self.read += 1,
        }
    }
}

impl RateExceeded {
    /// `Retry-After`: whole seconds, rounded up.
    #[must_use]
    pub fn retry_after_seconds(&self) -> u32 {
        u32::try_from(self.retry_after.0.div_ceil(1_000)).unwrap_or(u32::MAX)
    }
}
