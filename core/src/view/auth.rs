//! What a client knows of sign-ins by device flow: one entry a provider (rules U1–U4).
//!
//! Events of the workspace arrive once on each session's stream, under that stream's own numbers: feed one of them.

use std::collections::BTreeMap;

use crate::{Envelope, EventType};

/// The flows, by provider. [`Default`] is the state before the first event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuthView {
    pub flows: BTreeMap<String, AuthFlow>,
}

/// One sign-in.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthFlow {
    pub device_flow_id: String,
    pub status: AuthStatus,
    pub error_kind: Option<String>,
    pub hint: Option<String>,
    pub interval_ms: Option<u64>,
    pub last_seen_event_id: Option<u64>,
    pub authorized_expires_at: Option<u64>,
    pub account_alias: Option<String>,
}

/// How far a sign-in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthStatus {
    Pending,
    Authorized,
    Error,
    Cancelled,
}

impl AuthView {
    /// Takes in one event. What is older than what an entry has seen, or about a flow nobody knows, changes nothing.
    pub fn apply(&mut self, event: &Envelope) {
        let text = |key: &str| event.data[key].as_str().map(str::to_owned);
        let Some(id) = text("deviceFlowId") else { return };
        match event.kind {
            EventType::AuthDeviceFlowStarted => {
                if let Some(provider) = text("providerId") {
                    self.start(event, provider, id);
                }
            }
            EventType::AuthDeviceFlowThrottled => {
                if let Some(flow) = self.fresh(event, &id) {
                    flow.interval_ms = event.data["intervalMs"].as_u64().or(flow.interval_ms);
                }
            }
            EventType::AuthDeviceFlowFailed => {
                if let Some(flow) = self.fresh(event, &id) {
                    flow.status = AuthStatus::Error;
                    (flow.error_kind, flow.hint) = (text("errorKind"), text("hint"));
                }
            }
            EventType::AuthDeviceFlowCancelled => {
                if let Some(flow) = self.fresh(event, &id) {
                    flow.status = AuthStatus::Cancelled;
                }
            }
            EventType::AuthDeviceFlowAuthorized => {
                let provider = text("providerId");
                let is_its = |view: &Self| {
                    let flow = provider.as_ref().and_then(|provider| view.flows.get(provider));
                    flow.is_some_and(|flow| flow.device_flow_id == id)
                };
                if is_its(self)
                    && let Some(flow) = self.fresh(event, &id)
                {
                    flow.status = AuthStatus::Authorized;
                    flow.error_kind = None;
                    flow.authorized_expires_at = event.data["expiresAt"].as_u64();
                    flow.account_alias = event.data["accountAlias"].as_str().map(str::to_owned);
                }
            }
            _ => {}
        }
    }

    /// U1.
    fn start(&mut self, event: &Envelope, provider: String, device_flow_id: String) {
        let seen = self.flows.get(&provider).and_then(|flow| flow.last_seen_event_id);
        if is_stale(event.id, seen) {
            return;
        }
        let interval_ms = event.data["intervalMs"].as_u64();
        let flow = AuthFlow {
            device_flow_id,
            status: AuthStatus::Pending,
            error_kind: None,
            hint: None,
            interval_ms,
            last_seen_event_id: event.id.or(seen),
            authorized_expires_at: None,
            account_alias: None,
        };
        self.flows.insert(provider, flow);
    }

    /// The flow of this id, unless it has seen this event or a later one (U2, U4).
    fn fresh(&mut self, event: &Envelope, device_flow_id: &str) -> Option<&mut AuthFlow> {
        let flow = self.flows.values_mut().find(|flow| flow.device_flow_id == device_flow_id)?;
        if is_stale(event.id, flow.last_seen_event_id) {
            return None;
        }
        flow.last_seen_event_id = event.id.or(flow.last_seen_event_id);
        Some(flow)
    }
}

fn is_stale(id: Option<u64>, seen: Option<u64>) -> bool {
    id.zip(seen).is_some_and(|(id, seen)| id <= seen)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::{Map, Value, json};

    use super::*;

    fn event(id: Option<u64>, kind: &str, data: Value) -> Envelope {
        let kind = EventType::from(format!("auth_device_flow_{kind}").as_str());
        Envelope { id, v: 1, kind, prompt_id: None, data, originator_client_id: None, meta: Map::new() }
    }

    fn view(events: impl IntoIterator<Item = (u64, &'static str, Value)>) -> AuthView {
        let mut view = AuthView::default();
        for (id, kind, data) in events {
            view.apply(&event((id > 0).then_some(id), kind, data));
        }
        view
    }

    fn started(flow: &str) -> Value {
        json!({"deviceFlowId": flow, "providerId": "p", "expiresAt": 9})
    }

    /// U1: a started flow replaces its provider's entry, unless the event is one that was seen.
    #[test]
    fn u1_a_new_flow_takes_its_providers_place() {
        let failed = json!({"deviceFlowId": "f1", "errorKind": "access_denied", "hint": "ask again"});
        let two = view([(5, "started", started("f1")), (6, "failed", failed), (7, "started", started("f2"))]);
        let flow = &two.flows["p"];
        assert_eq!((flow.device_flow_id.as_str(), flow.status, &flow.error_kind), ("f2", AuthStatus::Pending, &None));
        let again = view([(5, "started", started("f1")), (5, "started", started("f0"))]);
        assert_eq!(again.flows["p"].device_flow_id, "f1");
    }

    /// U2: what follows finds its flow by the flow's id; unknown flows and events of the past change nothing.
    #[test]
    fn u2_news_finds_its_flow_by_id_and_only_forward() {
        let throttled = |flow: &str, ms: u64| json!({"deviceFlowId": flow, "intervalMs": ms});
        let mut known = view([
            (5, "started", started("f1")),
            (6, "throttled", throttled("f1", 10_000)),
            (4, "throttled", throttled("f1", 1)),
            (7, "throttled", throttled("another", 2)),
        ]);
        assert_eq!(known.flows["p"].interval_ms, Some(10_000));
        known.apply(&event(Some(8), "failed", json!({"deviceFlowId": "f1", "errorKind": "expired_token"})));
        assert_eq!(known.flows["p"].error_kind.as_deref(), Some("expired_token"));
        known.apply(&event(Some(9), "cancelled", json!({"deviceFlowId": "f1"})));
        assert_eq!(known.flows["p"].status, AuthStatus::Cancelled);
    }

    /// U3: an authorisation must name both the provider and its flow.
    #[test]
    fn u3_an_authorisation_names_provider_and_flow() {
        let done = |provider: &str, flow: &str| json!({"deviceFlowId": flow, "providerId": provider, "expiresAt": 77, "accountAlias": "ada"});
        for wrong in [done("q", "f1"), done("p", "f2")] {
            let view = view([(1, "started", started("f1")), (2, "authorized", wrong)]);
            assert_eq!(view.flows["p"].status, AuthStatus::Pending);
        }
        let failed = json!({"deviceFlowId": "f1", "errorKind": "upstream_error"});
        let view = view([(1, "started", started("f1")), (2, "failed", failed), (3, "authorized", done("p", "f1"))]);
        let flow = &view.flows["p"];
        assert_eq!((flow.status, &flow.error_kind), (AuthStatus::Authorized, &None));
        assert_eq!((flow.authorized_expires_at, flow.account_alias.as_deref()), (Some(77), Some("ada")));
    }

    /// U4: an event without an id is always news, and moves no mark.
    #[test]
    fn u4_an_event_without_an_id_is_taken_and_not_counted() {
        let cancelled = json!({"deviceFlowId": "f1"});
        let view = view([(5, "started", started("f1")), (0, "cancelled", cancelled)]);
        assert_eq!(view.flows["p"].status, AuthStatus::Cancelled);
        assert_eq!(view.flows["p"].last_seen_event_id, Some(5));
    }
}
