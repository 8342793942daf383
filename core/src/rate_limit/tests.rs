#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn limiter(prompt: u32, window: u64) -> RateLimiter {
    let prompt = NonZeroU32::new(prompt).expect("not 0");
    let window = NonZeroU64::new(window).expect("not 0");
    RateLimiter::new(Millis(0), RateLimits { prompt, window, ..RateLimits::default() })
}

fn local(id: &str) -> RateKey {
    RateKey::new(None, ClientId::parse(id).ok())
}

fn remote(address: &str, id: &str) -> RateKey {
    RateKey::new(address.parse().ok(), ClientId::parse(id).ok())
}

/// L1: what a request costs, and what costs nothing.
#[test]
fn method_and_path_make_the_tier() {
    for exempt in [
        "OPTIONS /session/s/prompt",
        "GET /health",
        "HEAD /health/",
        "GET /demo",
        "POST /session/s/heartbeat",
        "POST /session/s/heartbeat/",
        "GET /session/s/events",
        "GET /acp",
        "POST /acp",
        "POST /acp/x",
        "POST /workspaces/w/acp",
    ] {
        assert_eq!(tier(exempt), None, "{exempt}");
    }
    for prompt in ["POST /session/s/prompt", "POST /session/s/prompt/"] {
        assert_eq!(tier(prompt), Some(Tier::Prompt), "{prompt}");
    }
    for mutation in [
        "POST /health",
        "POST /session",
        "DELETE /session/s",
        "GET2 /session/s/events",
        "PATCH /session/s/metadata",
        "POST /session/s/events",
        "POST /session/s/prompt/x",
        "POST /session//s/prompt",
        "PUT /acpx",
    ] {
        assert_eq!(tier(mutation), Some(Tier::Mutation), "{mutation}");
    }
    for read in [
        "GET /",
        "GET /capabilities",
        "HEAD /file",
        "GET /health/deep",
        "GET /session/s/heartbeat",
        "GET /session/s/events/x",
        "HEAD /session/s/events",
        "GET /acpx",
        "GET /workspaces/w/acp/x",
    ] {
        assert_eq!(tier(read), Some(Tier::Read), "{read}");
    }
}

fn tier(request: &str) -> Option<Tier> {
    let (method, path) = request.split_once(' ').expect("a method and a path");
    Tier::of(method, path)
}

/// L2: a bucket starts full, a request takes one, and it fills up evenly and no further.
#[test]
fn a_bucket_fills_evenly_up_to_its_capacity() {
    let mut limiter = limiter(3, 3_000);
    let mut ask = |now| limiter.admit(Millis(now), local("a"), Tier::Prompt).is_ok();
    assert_eq!([ask(0), ask(0), ask(0), ask(0)], [true, true, true, false]);
    assert_eq!([ask(999), ask(1_000), ask(1_000)], [false, true, false]);
    assert_eq!([ask(60_000), ask(60_000), ask(60_000), ask(60_000)], [true, true, true, false]);
}

/// L2: prompts, mutations and reads do not use up one another.
#[test]
fn each_tier_has_a_bucket_of_its_own() {
    let mut limiter = RateLimiter::new(Millis(0), RateLimits::default());
    for (tier, limit) in [(Tier::Prompt, 10), (Tier::Mutation, 30), (Tier::Read, 120)] {
        let passed = (0..200).filter(|_| limiter.admit(Millis(0), local("a"), tier).is_ok()).count();
        assert_eq!(passed, limit, "{tier:?}");
    }
    assert_eq!(limiter.hits(), RateHits { prompt: 190, mutation: 170, read: 80 });
}

/// L3: behind loopback the client's own name tells clients apart, elsewhere its address too.
#[test]
fn clients_are_told_apart_by_name_and_beyond_loopback_by_address() {
    let mut limiter = limiter(1, 60_000);
    let mut passes = |key| limiter.admit(Millis(0), key, Tier::Prompt).is_ok();
    assert!(passes(local("a")) && passes(local("b")) && passes(local("no id: it is malformed")));
    assert!(!passes(local("a")) && !passes(RateKey::new(None, None)), "a malformed id is nobody's");
    assert!(passes(remote("10.0.0.1", "a")) && passes(remote("10.0.0.2", "a")) && passes(remote("10.0.0.1", "")));
    assert!(
        !passes(remote("10.0.0.1", "a")) && !passes(remote("::ffff:10.0.0.1", "a")),
        "a mapped address is the same"
    );
}

/// L4: the answer says when to come back, in milliseconds and in whole seconds, and the refusal is counted.
#[test]
fn a_refusal_says_when_to_come_back() {
    let mut limiter = limiter(10, 60_000);
    for _ in 0..10 {
        limiter.admit(Millis(0), local("a"), Tier::Prompt).expect("within the limit");
    }
    let refused = limiter.admit(Millis(500), local("a"), Tier::Prompt).expect_err("one too many");
    assert_eq!((refused.tier, refused.limit.get(), refused.retry_after), (Tier::Prompt, 10, Millis(5_500)));
    assert_eq!(refused.retry_after_seconds(), 6);
    assert!(limiter.admit(Millis(5_999), local("a"), Tier::Prompt).is_err());
    assert!(limiter.admit(Millis(6_000), local("a"), Tier::Prompt).is_ok());
    assert_eq!(limiter.hits(), RateHits { prompt: 2, mutation: 0, read: 0 });
}

/// L5: when there are too many clients, new ones pass and known ones stay limited.
#[test]
fn a_crowd_is_let_through_rather_than_kept_out() {
    let mut limiter = limiter(1, u64::MAX);
    for number in 0..MAX_CLIENTS {
        limiter.admit(Millis(0), local(&number.to_string()), Tier::Prompt).expect("its first");
    }
    assert_eq!(limiter.clients(), MAX_CLIENTS);
    for _ in 0..3 {
        limiter.admit(Millis(0), local("new"), Tier::Prompt).expect("nobody keeps count of it");
    }
    assert!(limiter.admit(Millis(0), local("7"), Tier::Prompt).is_err());
    assert_eq!(limiter.clients(), MAX_CLIENTS);
}

/// L5: clients that were silent for two windows are forgotten, every five minutes or thousand requests.
#[test]
fn idle_clients_are_swept() {
    let mut by_time = limiter(1, 1_000);
    by_time.admit(Millis(0), local("a"), Tier::Prompt).expect("its first");
    by_time.admit(Millis(299_999), local("b"), Tier::Prompt).expect("its first");
    assert_eq!(by_time.clients(), 2, "not yet");
    by_time.admit(Millis(300_000), local("c"), Tier::Prompt).expect("its first");
    assert_eq!(by_time.clients(), 2, "a is gone, b was here within two windows");

    let mut by_count = limiter(1, 1_000);
    by_count.admit(Millis(0), local("a"), Tier::Prompt).expect("its first");
    for _ in 0..998 {
        let _ = by_count.admit(Millis(2_000), local("b"), Tier::Prompt);
    }
    assert_eq!(by_count.clients(), 2, "not yet");
    let _ = by_count.admit(Millis(2_000), local("b"), Tier::Prompt);
    assert_eq!(by_count.clients(), 1);
}

/// L5: nothing is refused on the way out.
#[test]
fn while_draining_everything_passes() {
    let mut limiter = limiter(1, 60_000);
    limiter.admit(Millis(0), local("a"), Tier::Prompt).expect("its first");
    assert!(limiter.admit(Millis(0), local("a"), Tier::Prompt).is_err());
    limiter.drain();
    assert!(limiter.admit(Millis(0), local("a"), Tier::Prompt).is_ok());
}

/// L2: a clock that goes backwards neither fills nor empties a bucket.
#[test]
fn a_clock_that_goes_backwards_harms_nobody() {
    let mut limiter = limiter(2, 2_000);
    limiter.admit(Millis(10_000), local("a"), Tier::Prompt).expect("its first");
    limiter.admit(Millis(1), local("a"), Tier::Prompt).expect("its second");
    assert_eq!(limiter.admit(Millis(1), local("a"), Tier::Prompt).expect_err("empty").retry_after, Millis(1_000));
}
