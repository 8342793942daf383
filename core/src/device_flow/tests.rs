#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use serde_json::json;

use super::*;

const START: Millis = Millis(1_000_000);

fn offer(lifetime: Option<u64>, interval: Option<u64>) -> Offer {
    Offer {
        user_code: "WDJB-MJHT".to_owned(),
        verification_uri: "https://id.example/device".to_owned(),
        verification_uri_complete: Some("https://id.example/device?code=WDJB-MJHT".to_owned()),
        lifetime: lifetime.map(Millis),
        interval: interval.map(Millis),
    }
}

fn client(id: &str) -> Option<ClientId> {
    ClientId::parse(id).ok()
}

/// One pending flow, `f`, that client `c` started.
fn pending(lifetime: Option<u64>, interval: Option<u64>) -> DeviceFlows {
    let mut flows = DeviceFlows::default();
    assert_eq!(flows.reserve(START, "f", "p"), Ok(Reservation::Reserved));
    let offered = flows.handle(START, "f", Input::Offered { offer: offer(lifetime, interval), initiator: client("c") });
    assert!(matches!(offered.as_slice(), [Effect::Announce { notice: Notice::Started { .. }, .. }]));
    flows
}

fn after(ms: u64) -> Millis {
    START.after(Millis(ms))
}

fn status(flows: &mut DeviceFlows) -> FlowStatus {
    flows.view(START, "f").expect("it is known").status
}

fn notices(effects: &[Effect]) -> Vec<serde_json::Value> {
    let notice = |effect: &Effect| match effect {
        Effect::Announce { notice, .. } => Some(json!({"type": notice.kind(), "data": notice})),
        Effect::Poll | Effect::Save => None,
    };
    effects.iter().filter_map(notice).collect()
}

/// F1: a second start at the same provider joins the flow that is under way, even before the provider has answered.
#[test]
fn a_provider_has_one_flow_at_a_time() {
    let mut flows = DeviceFlows::default();
    assert_eq!(flows.reserve(START, "f", "p"), Ok(Reservation::Reserved));
    assert_eq!(flows.reserve(START, "g", "p"), Ok(Reservation::Attached("f".to_owned())));
    assert_eq!(flows.view(START, "f"), None, "nobody has heard of it yet");
    flows.handle(START, "f", Input::Offered { offer: offer(None, None), initiator: None });
    assert_eq!(flows.reserve(START, "g", "p"), Ok(Reservation::Attached("f".to_owned())));
    flows.handle(START, "f", Input::Cancelled { by: None });
    assert_eq!(flows.reserve(START, "g", "p"), Ok(Reservation::Reserved), "the first is over");
}

/// F1: no more than four are under way, and one that came to nothing makes room.
#[test]
fn a_fifth_flow_has_to_wait() {
    let mut flows = DeviceFlows::default();
    for (id, provider) in [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")] {
        assert_eq!(flows.reserve(START, id, provider), Ok(Reservation::Reserved));
    }
    assert_eq!(flows.reserve(START, "5", "e"), Err(TooManyFlows));
    assert_eq!(flows.reserve(START, "5", "d"), Ok(Reservation::Attached("4".to_owned())), "joining is always possible");
    flows.handle(START, "2", Input::NotOffered);
    assert_eq!(flows.reserve(START, "5", "e"), Ok(Reservation::Reserved));
}

/// F2: how often and how long a provider is asked stays within bounds, whatever it says.
#[test]
fn intervals_and_lifetimes_have_bounds() {
    for (said, meant) in [(None, 5_000), (Some(0), 1_000), (Some(2_000), 2_000), (Some(600_000), 60_000)] {
        let view = pending(None, said).view(START, "f").expect("it is known");
        assert_eq!(view.interval_ms, Some(Millis(meant)), "{said:?}");
    }
    for (said, meant) in [(None, 600_000), (Some(1), 30_000), (Some(45_000), 45_000), (Some(90_000_000), 3_600_000)] {
        let view = pending(said, None).view(START, "f").expect("it is known");
        assert_eq!(view.expires_at, Some(after(meant)), "{said:?}");
    }
}

/// F2: `slow_down` adds five seconds each time, up to a minute, and is announced.
#[test]
fn a_provider_that_is_asked_too_often_is_asked_less_often() {
    let mut flows = pending(None, Some(50_000));
    assert_eq!(flows.wake_at("f"), Some(after(50_000)));
    assert_eq!(flows.handle(after(49_999), "f", Input::Woken), [], "too early");
    assert_eq!(flows.handle(after(50_000), "f", Input::Woken), [Effect::Poll]);
    assert_eq!(flows.handle(after(50_000), "f", Input::Woken), [], "it is being asked");
    for (now, interval) in [(51_000, 55_000), (120_000, 60_000), (200_000, 60_000)] {
        let throttled = flows.handle(after(now), "f", Input::Answered(Answer::SlowDown));
        let data = json!({"deviceFlowId": "f", "intervalMs": interval});
        assert_eq!(notices(&throttled), [json!({"type": "auth_device_flow_throttled", "data": data})]);
        assert_eq!(flows.wake_at("f"), Some(after(now + interval)));
        assert_eq!(flows.handle(after(now + interval), "f", Input::Woken), [Effect::Poll]);
    }
}

/// F3: the token is saved before anybody hears that the flow is authorized.
#[test]
fn a_granted_flow_is_authorized_once_its_token_is_saved() {
    let mut flows = pending(None, None);
    flows.handle(after(5_000), "f", Input::Woken);
    assert_eq!(flows.handle(after(5_100), "f", Input::Answered(Answer::Granted)), [Effect::Save]);
    assert_eq!(status(&mut flows), FlowStatus::Pending);
    assert_eq!(flows.wake_at("f"), None, "nothing expires while it is being saved");
    let done = flows.handle(after(5_200), "f", Input::Saved(Ok(Some(Millis(7)))));
    let data = json!({"deviceFlowId": "f", "providerId": "p", "expiresAt": 7});
    assert_eq!(notices(&done), [json!({"type": "auth_device_flow_authorized", "data": data})]);
    assert_eq!(status(&mut flows), FlowStatus::Authorized);
}

/// F3: a token that cannot be saved fails the flow.
#[test]
fn a_token_that_cannot_be_saved_is_a_failure() {
    let mut flows = pending(None, None);
    flows.handle(after(5_000), "f", Input::Woken);
    flows.handle(after(5_100), "f", Input::Answered(Answer::Granted));
    let failed = flows.handle(after(5_200), "f", Input::Saved(Err("the disk is full".to_owned())));
    let data = json!({"deviceFlowId": "f", "errorKind": "persist_failed", "hint": "the disk is full"});
    assert_eq!(notices(&failed), [json!({"type": "auth_device_flow_failed", "data": data})]);
    assert_eq!(status(&mut flows), FlowStatus::Error);
}

/// F3: time is up: the flow is expired, and has failed with `expired_token`.
#[test]
fn a_flow_expires() {
    let mut flows = pending(Some(30_000), Some(20_000));
    assert_eq!(flows.handle(after(20_000), "f", Input::Woken), [Effect::Poll]);
    assert_eq!(flows.wake_at("f"), Some(after(30_000)), "even while the provider is being asked");
    let expired = flows.handle(after(30_000), "f", Input::Woken);
    assert_eq!(notices(&expired)[0]["data"]["errorKind"], "expired_token");
    assert_eq!(status(&mut flows), FlowStatus::Expired);
    assert_eq!(flows.handle(after(30_001), "f", Input::Answered(Answer::Granted)), [], "too late");
}

/// F3: whatever ends a flow, it ends once.
#[test]
fn a_flow_that_is_over_stays_as_it_is() {
    let refused = |kind| Input::Answered(Answer::Refused { kind, hint: String::new() });
    for (last, status_then) in [
        (refused(FlowError::AccessDenied), FlowStatus::Error),
        (refused(FlowError::InvalidGrant), FlowStatus::Error),
        (refused(FlowError::UpstreamError), FlowStatus::Error),
        (refused(FlowError::ExpiredToken), FlowStatus::Expired),
        (Input::Cancelled { by: client("d") }, FlowStatus::Cancelled),
    ] {
        let mut flows = pending(None, None);
        assert_eq!(notices(&flows.handle(START, "f", last.clone())).len(), 1, "{last:?}");
        for late in [
            last,
            Input::Woken,
            Input::Answered(Answer::Granted),
            Input::Saved(Ok(None)),
            Input::Cancelled { by: None },
            Input::Offered { offer: offer(None, None), initiator: None },
            Input::NotOffered,
        ] {
            assert_eq!(flows.handle(after(700_000), "f", late.clone()), [], "{late:?}");
        }
        assert_eq!((status(&mut flows), flows.wake_at("f")), (status_then, None));
    }
}

/// F3: once the user has agreed and the token is being written, a cancellation comes too late.
#[test]
fn nobody_cancels_what_is_being_saved() {
    let mut flows = pending(None, None);
    flows.handle(START, "f", Input::Answered(Answer::Granted));
    assert_eq!(flows.handle(START, "f", Input::Cancelled { by: None }), []);
    flows.handle(START, "f", Input::Saved(Ok(None)));
    assert_eq!(status(&mut flows), FlowStatus::Authorized);
}

/// F4: a flow that is over can be read for five minutes, and cancelling it again changes nothing.
#[test]
fn a_flow_that_is_over_is_forgotten_after_a_while() {
    let mut flows = pending(None, None);
    flows.handle(START, "f", Input::Cancelled { by: None });
    assert_eq!(flows.handle(after(1), "f", Input::Cancelled { by: None }), []);
    assert!(flows.view(after(299_999), "f").is_some());
    assert!(flows.view(after(300_000), "f").is_none());
}

/// F1: only the client that started a flow sees its code, and only while it is pending.
#[test]
fn the_code_is_for_the_client_that_asked() {
    let mut flows = pending(None, None);
    let view = flows.view(START, "f").expect("it is known");
    let seen = serde_json::to_value(view.codes_for(client("c").as_ref())).expect("JSON");
    let address = "https://id.example/device";
    assert_eq!(
        seen,
        json!({"userCode": "WDJB-MJHT", "verificationUri": address, "verificationUriComplete": format!("{address}?code=WDJB-MJHT"), "initiatorClientId": "c"})
    );
    assert_eq!((view.codes_for(client("d").as_ref()), view.codes_for(None)), (None, None));
    let shown = serde_json::to_string(&view).expect("JSON");
    assert!(!shown.contains("WDJB") && !shown.contains("id.example"), "{shown}");
    flows.handle(START, "f", Input::Cancelled { by: None });
    let over = flows.view(START, "f").expect("it is known");
    assert_eq!(
        serde_json::to_value(over.codes_for(client("c").as_ref())).expect("JSON"),
        json!({"initiatorClientId": "c"})
    );
}
