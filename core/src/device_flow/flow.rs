//! One flow, from its reservation to its end.

use super::{Answer, Effect, FlowError, FlowStatus, FlowView, Notice, Offer, TERMINAL_GRACE};
use crate::{ClientId, Millis};

const DEFAULT_INTERVAL: Millis = Millis(5_000);
const MIN_INTERVAL: Millis = Millis(1_000);
const MAX_INTERVAL: Millis = Millis(60_000);
/// What `slow_down` adds to the interval.
const SLOWER: Millis = Millis(5_000);
const DEFAULT_LIFETIME: Millis = Millis(10 * 60 * 1_000);
const MIN_LIFETIME: Millis = Millis(30 * 1_000);
const MAX_LIFETIME: Millis = Millis(60 * 60 * 1_000);

#[derive(Debug)]
pub(super) struct Flow {
    pub(super) provider: String,
    pub(super) phase: Phase,
    created_at: Millis,
    initiator: Option<ClientId>,
    last_polled_at: Option<Millis>,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// The provider is being asked for a code.
    Reserved,
    Pending(Pending),
    /// The user has agreed and the token is being written. Nobody can take that back.
    Saving(Pending),
    Over {
        at: Millis,
        status: FlowStatus,
        failure: Option<(FlowError, Option<String>)>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Pending {
    offer: Offer,
    expires_at: Millis,
    interval: Millis,
    /// None while the provider is being polled.
    next_poll: Option<Millis>,
}

impl Flow {
    pub(super) fn new(now: Millis, provider: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            phase: Phase::Reserved,
            created_at: now,
            initiator: None,
            last_polled_at: None,
        }
    }

    /// Whether another of the same provider would be one too many. A flow past its time is as good as over.
    pub(super) fn is_active(&self, now: Millis) -> bool {
        match &self.phase {
            Phase::Reserved | Phase::Saving(_) => true,
            Phase::Pending(pending) => now < pending.expires_at,
            Phase::Over { .. } => false,
        }
    }

    pub(super) fn is_forgotten(&self, now: Millis) -> bool {
        match self.phase {
            Phase::Over { at, .. } => now.since(at) >= TERMINAL_GRACE,
            Phase::Reserved | Phase::Pending(_) | Phase::Saving(_) => false,
        }
    }

    pub(super) fn wake_at(&self) -> Option<Millis> {
        match &self.phase {
            Phase::Pending(pending) => {
                Some(pending.next_poll.map_or(pending.expires_at, |poll| poll.min(pending.expires_at)))
            }
            Phase::Reserved | Phase::Saving(_) | Phase::Over { .. } => None,
        }
    }

    pub(super) fn offered(&mut self, now: Millis, id: &str, offer: Offer, initiator: Option<ClientId>) -> Vec<Effect> {
        let Phase::Reserved = self.phase else { return Vec::new() };
        let interval = offer.interval.unwrap_or(DEFAULT_INTERVAL).clamp(MIN_INTERVAL, MAX_INTERVAL);
        let expires_at = now.after(offer.lifetime.unwrap_or(DEFAULT_LIFETIME).clamp(MIN_LIFETIME, MAX_LIFETIME));
        let next_poll = Some(now.after(interval));
        self.phase = Phase::Pending(Pending { offer, expires_at, interval, next_poll });
        self.initiator.clone_from(&initiator);
        let notice = Notice::Started { device_flow_id: id.to_owned(), provider_id: self.provider.clone(), expires_at };
        vec![Effect::Announce { notice, originator: initiator }]
    }

    pub(super) fn woken(&mut self, now: Millis, id: &str) -> Vec<Effect> {
        let Phase::Pending(pending) = &mut self.phase else { return Vec::new() };
        if now >= pending.expires_at {
            let hint = "nobody entered the code in time; start again".to_owned();
            return self.failed(now, id, FlowError::ExpiredToken, hint);
        }
        if pending.next_poll.is_some_and(|poll| now >= poll) {
            pending.next_poll = None;
            self.last_polled_at = Some(now);
            return vec![Effect::Poll];
        }
        Vec::new()
    }

    pub(super) fn answered(&mut self, now: Millis, id: &str, answer: Answer) -> Vec<Effect> {
        let Phase::Pending(pending) = &mut self.phase else { return Vec::new() };
        match answer {
            Answer::Pending => {
                pending.next_poll = Some(now.after(pending.interval));
                Vec::new()
            }
            Answer::SlowDown => {
                pending.interval = pending.interval.after(SLOWER).min(MAX_INTERVAL);
                pending.next_poll = Some(now.after(pending.interval));
                let notice = Notice::Throttled { device_flow_id: id.to_owned(), interval_ms: pending.interval };
                vec![self.announce(notice)]
            }
            Answer::Granted => {
                self.phase = Phase::Saving(pending.clone());
                vec![Effect::Save]
            }
            Answer::Refused { kind, hint } => self.failed(now, id, kind, hint),
        }
    }

    pub(super) fn saved(&mut self, now: Millis, id: &str, outcome: Result<Option<Millis>, String>) -> Vec<Effect> {
        let Phase::Saving(_) = self.phase else { return Vec::new() };
        match outcome {
            Ok(expires_at) => {
                self.phase = Phase::Over { at: now, status: FlowStatus::Authorized, failure: None };
                let provider_id = self.provider.clone();
                let notice = Notice::Authorized { device_flow_id: id.to_owned(), provider_id, expires_at };
                vec![self.announce(notice)]
            }
            Err(hint) => self.failed(now, id, FlowError::PersistFailed, hint),
        }
    }

    pub(super) fn cancelled(&mut self, now: Millis, id: &str, by: Option<ClientId>) -> Vec<Effect> {
        let Phase::Pending(_) = self.phase else { return Vec::new() };
        self.phase = Phase::Over { at: now, status: FlowStatus::Cancelled, failure: None };
        vec![Effect::Announce { notice: Notice::Cancelled { device_flow_id: id.to_owned() }, originator: by }]
    }

    fn failed(&mut self, now: Millis, id: &str, kind: FlowError, hint: String) -> Vec<Effect> {
        let status = match kind {
            FlowError::ExpiredToken => FlowStatus::Expired,
            FlowError::AccessDenied | FlowError::InvalidGrant | FlowError::UpstreamError | FlowError::PersistFailed => {
                FlowStatus::Error
            }
        };
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        self.phase = Phase::Over { at: now, status, failure: Some((kind, hint.clone())) };
        vec![self.announce(Notice::Failed { device_flow_id: id.to_owned(), error_kind: kind, hint })]
    }

    fn announce(&self, notice: Notice) -> Effect {
        Effect::Announce { notice, originator: self.initiator.clone() }
    }

    /// None before the provider has offered a code: nobody has heard of the flow.
    pub(super) fn view(&self, id: &str) -> Option<FlowView> {
        let (status, pending, failure) = match &self.phase {
            Phase::Reserved => return None,
            Phase::Pending(pending) | Phase::Saving(pending) => (FlowStatus::Pending, Some(pending), None),
            Phase::Over { status, failure, .. } => (*status, None, failure.as_ref()),
        };
        Some(FlowView {
            device_flow_id: id.to_owned(),
            provider_id: self.provider.clone(),
            status,
            created_at: self.created_at,
            error_kind: failure.map(|(kind, _)| *kind),
            hint: failure.and_then(|(_, hint)| hint.clone()),
            expires_at: pending.map(|pending| pending.expires_at),
            interval_ms: pending.map(|pending| pending.interval),
            last_polled_at: self.last_polled_at,
            offer: pending.map(|pending| pending.offer.clone()),
            initiator: self.initiator.clone(),
        })
    }
}
