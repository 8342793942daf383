//! Who shares the session (C6, C9, C10).

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Attached, Seen, Session, Ticket, outbox::Outbox};
use crate::{ClientId, Millis};

/// Registered clients, counted: one may attach several times.
#[derive(Debug, Default)]
pub(super) struct Clients {
    registered: BTreeMap<ClientId, Registration>,
    /// Open event streams.
    subscribers: usize,
    last_seen_at: Option<Millis>,
    /// The last client detached and none came since.
    deserted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Registration {
    count: usize,
    last_seen_at: Option<Millis>,
}

impl Clients {
    pub(super) fn is_registered(&self, client: &ClientId) -> bool {
        self.registered.contains_key(client)
    }

    pub(super) fn ids(&self) -> BTreeSet<ClientId> {
        self.registered.keys().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.registered.len()
    }

    pub(super) fn attach_count(&self) -> usize {
        self.registered.values().map(|registration| registration.count).sum()
    }

    pub(super) fn last_seen_at(&self) -> Option<Millis> {
        self.last_seen_at
    }

    pub(super) fn subscribers(&self) -> usize {
        self.subscribers
    }

    pub(super) fn set_subscribers(&mut self, count: usize) {
        self.subscribers = count;
    }

    pub(super) fn touch(&mut self, now: Millis) {
        self.last_seen_at = Some(now);
    }

    /// Nobody is left who could want the session: the last client said goodbye and no stream is open.
    pub(super) fn are_gone(&self) -> bool {
        self.deserted && self.subscribers == 0
    }

    fn register(&mut self, client: ClientId) {
        self.deserted = false;
        self.registered.entry(client).or_insert(Registration { count: 0, last_seen_at: None }).count += 1;
    }

    fn unregister(&mut self, client: &ClientId) {
        let Some(registration) = self.registered.get_mut(client) else { return };
        registration.count -= 1;
        if registration.count == 0 {
            self.registered.remove(client);
            self.deserted = self.registered.is_empty();
        }
    }
}

impl Session {
    /// Every registered client.
    pub fn client_ids(&self) -> impl Iterator<Item = &ClientId> {
        self.clients.registered.keys()
    }

    /// Whether `client` may speak for itself on this session.
    #[must_use]
    pub fn is_registered(&self, client: &ClientId) -> bool {
        self.clients.is_registered(client)
    }

    /// When this client last sent a heartbeat.
    #[must_use]
    pub fn client_last_seen_at(&self, client: &ClientId) -> Option<Millis> {
        self.clients.registered.get(client)?.last_seen_at
    }

    /// C6.
    pub(super) fn attach(&mut self, ticket: Ticket, requested: Option<ClientId>, fresh: ClientId, out: &mut Outbox) {
        let client_id = requested.filter(|id| self.clients.is_registered(id)).unwrap_or(fresh);
        self.clients.register(client_id.clone());
        let attached = Attached { client_id, has_active_prompt: self.prompts.running().is_some() };
        out.reply(ticket, Answer::Attach(Ok(attached)));
    }

    /// C9.
    pub(super) fn detach(&mut self, now: Millis, ticket: Ticket, client: Option<&ClientId>, out: &mut Outbox) {
        if let Some(client) = client {
            self.clients.unregister(client);
        }
        out.reply(ticket, Answer::Detach(Ok(())));
        self.close_if_abandoned(now, out);
    }

    /// C10.
    pub(super) fn heartbeat(&mut self, now: Millis, ticket: Ticket, client_id: Option<ClientId>, out: &mut Outbox) {
        self.clients.touch(now);
        if let Some(registration) = client_id.as_ref().and_then(|id| self.clients.registered.get_mut(id)) {
            registration.last_seen_at = Some(now);
        }
        out.reply(ticket, Answer::Heartbeat(Ok(Seen { client_id, last_seen_at: now })));
    }
}
