//! Being let in: the one-time code, the token, and forgetting it.

use crate::leptos::task::spawn_local;
use roost_core::client::{self, Capabilities, routes};

use super::{Connection, Store};
use crate::{
    browser::{
        self,
        address::{self, Arrival},
        kept::Shelf,
    },
    net::fetch::{self, CallError, Credential},
};

const TOKEN: &str = "roost.token";
/// Set when the daemon asks for no token, so that the next load does not begin with a question.
const OPEN: &str = "roost.open";

/// Whether the daemon lets this page in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Access {
    /// Not known yet.
    Starting,
    /// A token is asked for; `why` the last one is not good, if one was tried.
    Out(Option<WhyOut>),
    In,
}

/// Why a credential did not open the door.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WhyOut {
    WrongToken,
    /// The one-time link was used before, or is too old.
    SpentLink,
    /// The daemon took the token back while the page was open.
    Revoked,
    Other(String),
}

impl Store {
    /// The credential every call carries.
    pub(super) fn key(self) -> Credential {
        self.credential.get_untracked()
    }

    pub(super) fn arrive(self) {
        spawn_local(async move {
            match address::arrival() {
                Arrival::Code(code) => match fetch::ask(routes::exchange(&code), None).await {
                    Ok(device) => self.enter(Some(device.token), Shelf::Tab, WhyOut::Revoked).await,
                    Err(CallError::Refused(_)) => self.try_kept(Some(WhyOut::SpentLink)).await,
                    Err(error) => self.access.set(Access::Out(Some(WhyOut::Other(error.to_string())))),
                },
                Arrival::Token(token) => self.enter(Some(token), Shelf::Tab, WhyOut::WrongToken).await,
                Arrival::Plain => self.try_kept(None).await,
            }
        });
    }

    async fn try_kept(self, otherwise: Option<WhyOut>) {
        let tab = Shelf::Tab.get(TOKEN).map(|token| (token, Shelf::Tab));
        match tab.or_else(|| Shelf::Device.get(TOKEN).map(|token| (token, Shelf::Device))) {
            Some((token, shelf)) => self.enter(Some(token), shelf, otherwise.unwrap_or(WhyOut::Revoked)).await,
            None => match fetch::ask(routes::capabilities(), None).await {
                Ok(daemon) => {
                    Shelf::Device.set(OPEN, "1");
                    self.let_in(None, daemon);
                }
                Err(error) => {
                    Shelf::Device.forget(OPEN);
                    let why = (!error.is_unauthorized()).then(|| WhyOut::Other(error.to_string()));
                    self.access.set(Access::Out(otherwise.or(why)));
                }
            },
        }
    }

    pub(super) fn sign_in(self, token: String, remember: bool) {
        let shelf = if remember { Shelf::Device } else { Shelf::Tab };
        spawn_local(self.enter(Some(token), shelf, WhyOut::WrongToken));
    }

    /// Tries a credential until the daemon says yes or no; an unreachable daemon has said neither.
    async fn enter(self, credential: Credential, shelf: Shelf, when_refused: WhyOut) {
        for attempt in 0.. {
            match fetch::ask(routes::capabilities(), credential.clone()).await {
                Ok(daemon) => {
                    shelf.set(TOKEN, credential.as_deref().unwrap_or_default());
                    return self.let_in(credential, daemon);
                }
                Err(CallError::Unreachable(_)) => {
                    let wait = client::wait(attempt, js_sys::Math::random());
                    self.connection.set(Connection::Retrying(browser::now().after(wait)));
                    self.talk.pause(wait).await;
                }
                Err(error) => {
                    let why = if error.is_unauthorized() { when_refused } else { WhyOut::Other(error.to_string()) };
                    return self.sign_out(Some(why));
                }
            }
        }
    }

    fn let_in(self, credential: Credential, daemon: Capabilities) {
        self.credential.set(credential);
        self.serve(daemon);
        self.access.set(Access::In);
        self.ask_what_waited();
        self.refresh_sessions();
        if self.here().is_some() {
            return self.connection.set_if_new(Connection::Connecting);
        }
        self.connection.set_if_new(Connection::Idle);
        self.visit(address::here());
    }

    /// Forgets the credential and everything read with it.
    pub(super) fn sign_out(self, why: Option<WhyOut>) {
        Shelf::Tab.forget(TOKEN);
        Shelf::Device.forget(TOKEN);
        self.credential.set(None);
        self.hush();
        self.leave();
        self.list.no_reading_counts();
        self.list.sessions.set(Vec::new());
        self.list.listed.set(false);
        self.list.archived.set(None);
        self.show_sheet(None);
        self.panels.forget();
        self.access.set(Access::Out(why));
    }

    /// Keeps the credential on this device, or only for this tab.
    pub(super) fn remember(self, remember: bool) {
        let token = self.key().unwrap_or_default();
        let (keep, drop) = if remember { (Shelf::Device, Shelf::Tab) } else { (Shelf::Tab, Shelf::Device) };
        drop.forget(TOKEN);
        keep.set(TOKEN, &token);
    }

    /// Whether the credential outlives this tab.
    pub(crate) fn is_remembered(self) -> bool {
        Shelf::Device.get(TOKEN).is_some()
    }

    /// What every failed call has in common: a refused credential ends the visit. Says whether that was it.
    pub(super) fn shut_out(self, error: &CallError) -> bool {
        let out = error.is_unauthorized();
        if out {
            self.sign_out(Some(WhyOut::Revoked));
        }
        out
    }

    /// Shows what went wrong, or signs out if that was the reason. What the page has called off itself went as it should.
    pub(super) fn complain(self, what: &str, error: &CallError) {
        if *error != CallError::CalledOff && !self.shut_out(error) {
            self.complaint.set(Some(format!("{what}: {error}")));
        }
    }
}

impl Store {
    /// Whether the daemon asked for a credential at all.
    pub(crate) fn has_token(self) -> bool {
        self.credential.with(Option::is_some)
    }
}
