//! Signing in at an identity provider with a code that the user enters on any device (RFC 8628): core decides, this asks the provider
//! and keeps the secrets. A token is on disk before anybody hears of it; it never reaches an answer, an event or the log.

mod credentials;
mod exchange;
mod pkce;
mod provider;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use roost_core::{
    ClientId, Millis,
    device_flow::{Answer, DeviceFlows, Effect, FlowView, Input, Reservation, TooManyFlows},
};
use tokio::{sync::Mutex as Turn, task::AbortHandle};
use uuid::Uuid;

pub use self::provider::{IdentityProvider, ProvidersError};
use self::{
    exchange::{Ask, Polled},
    pkce::Verifier,
};
use crate::{auth::Secret, clock, workspaces::Workspaces};

/// The sign-ins of the daemon. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SignIns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    providers: Vec<Provider>,
    home: PathBuf,
    workspaces: Workspaces,
    flows: Mutex<DeviceFlows>,
    /// What waits and polls for each flow that is under way.
    followers: Mutex<HashMap<String, AbortHandle>>,
}

#[derive(Debug)]
struct Provider {
    known: Arc<IdentityProvider>,
    /// Held while the provider is asked for a code: whoever comes meanwhile joins that flow.
    turn: Turn<()>,
}

/// A flow as a start finds or makes it.
#[derive(Debug)]
pub struct Started {
    pub view: FlowView,
    /// It was under way already.
    pub is_attached: bool,
}

/// Why no flow was started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("`{0}` is not an identity provider of this daemon")]
    Unsupported(String),
    #[error(transparent)]
    TooMany(#[from] TooManyFlows),
    /// The provider was asked for a code and gave none; the log says more.
    #[error(
        "the identity provider `{0}` gave no code; try again later, or ask whoever runs the daemon to look into its log"
    )]
    Upstream(String),
}

impl SignIns {
    #[must_use]
    pub fn new(providers: &[IdentityProvider], home: PathBuf, workspaces: Workspaces) -> Self {
        let provider = |known: &IdentityProvider| Provider { known: Arc::new(known.clone()), turn: Turn::default() };
        let providers = providers.iter().map(provider).collect();
        Self(Arc::new(Shared { providers, home, workspaces, flows: Mutex::default(), followers: Mutex::default() }))
    }

    /// The ids of the providers one can sign in at.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        self.0.providers.iter().map(|provider| provider.known.id.as_str())
    }

    /// Asks the provider for a code, or joins the flow that is under way there (F1). Continues if the caller disconnects.
    ///
    /// # Errors
    /// There is no such provider, there are too many flows, or the provider gave no code.
    pub async fn start(&self, provider: &str, initiator: Option<ClientId>) -> Result<Started, StartError> {
        let unsupported = || StartError::Unsupported(provider.to_owned());
        let index = self.providers().position(|id| id == provider).ok_or_else(unsupported)?;
        let sign_ins = self.clone();
        let starting = tokio::spawn(async move { sign_ins.start_at(index, initiator).await });
        starting.await.unwrap_or_else(|_| Err(StartError::Upstream(provider.to_owned())))
    }

    async fn start_at(&self, index: usize, initiator: Option<ClientId>) -> Result<Started, StartError> {
        let provider = &self.0.providers[index];
        let _turn = provider.turn.lock().await;
        let id = Uuid::new_v4().to_string();
        let upstream = || StartError::Upstream(provider.known.id.clone());
        let reservation = self.0.flows().reserve(clock::now(), &id, &provider.known.id)?;
        if let Reservation::Attached(id) = reservation {
            let view = self.view(&id).ok_or_else(upstream)?;
            return Ok(Started { view, is_attached: true });
        }
        let verifier = Verifier::random();
        let offered = match Ask::new(Arc::clone(&provider.known)) {
            Ok(ask) => ask.for_code(&verifier).await.map(|(offer, code)| (ask, offer, code)),
            Err(error) => Err(error),
        };
        match offered {
            Ok((ask, offer, device_code)) => {
                self.0.handle(&id, Input::Offered { offer, initiator }).await;
                let view = self.view(&id).ok_or_else(upstream)?;
                let follower = Follower { shared: Arc::clone(&self.0), id: id.clone(), ask, device_code, verifier };
                // Locked before the task runs: a follower that ends at once must not remove itself before it was added.
                let mut followers = self.0.followers();
                followers.insert(id, tokio::spawn(follower.follow()).abort_handle());
                Ok(Started { view, is_attached: false })
            }
            Err(error) => {
                tracing::warn!(provider = provider.known.id, %error, "the identity provider gave no code");
                self.0.handle(&id, Input::NotOffered).await;
                Err(upstream())
            }
        }
    }

    /// The state of a flow; `None` if there is no such flow, or it ended some time ago.
    #[must_use]
    pub fn view(&self, id: &str) -> Option<FlowView> {
        self.0.flows().view(clock::now(), id)
    }

    /// The flows that wait for their users.
    #[must_use]
    pub fn pending(&self) -> Vec<FlowView> {
        self.0.flows().pending(clock::now())
    }

    /// Ends a flow that is pending, and leaves one that is over as it is. Whether there is such a flow.
    pub async fn cancel(&self, id: &str, by: Option<ClientId>) -> bool {
        if self.view(id).is_none() {
            return false;
        }
        let is_over_now = self.0.handle(id, Input::Cancelled { by }).await;
        if is_over_now && let Some(follower) = self.0.followers().remove(id) {
            follower.abort();
        }
        true
    }

    /// Stops waiting and polling.
    pub fn close(&self) {
        for (_, follower) in self.0.followers().drain() {
            follower.abort();
        }
    }
}

impl Shared {
    fn flows(&self) -> MutexGuard<'_, DeviceFlows> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn followers(&self) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Handles an input that leads to announcements only. Returns whether there was any.
    async fn handle(&self, id: &str, input: Input) -> bool {
        let effects = self.flows().handle(clock::now(), id, input);
        let has_effects = !effects.is_empty();
        for effect in effects {
            self.announce(effect).await;
        }
        has_effects
    }

    async fn announce(&self, effect: Effect) {
        match effect {
            Effect::Announce { notice, originator } => {
                for workspace in self.workspaces.all() {
                    workspace.announce(notice.kind(), &notice, originator.clone()).await;
                }
            }
            // What a follower does, and asks for itself.
            Effect::Poll | Effect::Save => {}
        }
    }
}

/// Waits for the user of one flow, and keeps its secrets.
struct Follower {
    shared: Arc<Shared>,
    id: String,
    ask: Ask,
    device_code: Secret,
    verifier: Verifier,
}

impl Follower {
    async fn follow(self) {
        while let Some(moment) = self.wake_at() {
            tokio::time::sleep(until(moment)).await;
            for effect in self.step(Input::Woken) {
                match effect {
                    Effect::Poll => self.poll().await,
                    Effect::Save | Effect::Announce { .. } => self.shared.announce(effect).await,
                }
            }
        }
        self.shared.followers().remove(&self.id);
    }

    async fn poll(&self) {
        let time_left = self.wake_at().map_or(Duration::ZERO, until);
        let polled = tokio::time::timeout(time_left, self.ask.for_token(&self.device_code, &self.verifier)).await;
        match polled {
            Ok(Polled::Token(token)) => {
                for effect in self.step(Input::Answered(Answer::Granted)) {
                    match effect {
                        Effect::Save => {
                            let (home, provider) = (&self.shared.home, self.ask.provider());
                            let saved = credentials::save(home, provider, token.clone(), clock::now()).await;
                            self.shared.handle(&self.id, Input::Saved(saved)).await;
                        }
                        Effect::Poll | Effect::Announce { .. } => self.shared.announce(effect).await,
                    }
                }
            }
            Ok(Polled::Said(answer)) => {
                self.shared.handle(&self.id, Input::Answered(answer)).await;
            }
            // The flow's time is up, which the next waking says.
            Err(_) => {}
        }
    }

    fn step(&self, input: Input) -> Vec<Effect> {
        self.shared.flows().handle(clock::now(), &self.id, input)
    }

    fn wake_at(&self) -> Option<Millis> {
        self.shared.flows().wake_at(&self.id)
    }
}

fn until(moment: Millis) -> Duration {
    Duration::from_millis(moment.since(clock::now()).0)
}
