//! The daemon as a whole: its start, its listener, its end.

mod boot;
mod connection;
mod conversation;
mod departure;
mod stall;
mod tls;

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use self::conversation::Conversation;
pub use self::{
    boot::{Contradiction, StartError},
    connection::Connection,
    departure::{Awaited, Patience},
    tls::{Part, TlsError},
};
use crate::{
    App, Config,
    acp::Acp,
    admission::Admission,
    auth::{Auth, Secret},
    capabilities::Capabilities,
    child, clock,
    device_flow::SignIns,
    files::Files,
    lag::Lag,
    metrics::Metrics,
    routes,
    transcript_page::Key,
    workspaces::Workspaces,
};

/// After a failed accept, for want of file descriptors mostly, before the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What is urgent at a start comes first.
const ORPHANS_PAUSE: Duration = Duration::from_secs(1);

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    app: Arc<App>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    listener: JoinHandle<()>,
}

/// Binds, reads what earlier runs left, and begins to answer. On an error nothing is left running.
pub async fn start(config: Config) -> Result<Daemon, StartError> {
    let listener = boot::bind(&config).await?;
    let address =
        listener.local_addr().map_err(|source| StartError::Bind { address: config.hostname.clone(), source })?;
    boot::check(&config, address)?;
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let auth = Auth::open(&config)?;
    let workspaces = Workspaces::open(&config)?;
    let app = Arc::new(App {
        admission: Admission::new(&config, address),
        acp: Acp::new(config.acp.unwrap_or_default()),
        capabilities: Capabilities::new(&config, &workspaces),
        auth,
        cursor_key: Key::random(),
        sign_ins: SignIns::new(&config.identity_providers, config.home.clone(), workspaces.clone()),
        workspaces,
        files: Files::default(),
        config,
        metrics: Metrics::default(),
        lag: Lag::watch(),
        address,
        run_id: uuid::Uuid::new_v4().simple().to_string().into(),
        started_at: Instant::now(),
    });
    tokio::spawn(async {
        tokio::time::sleep(ORPHANS_PAUSE).await;
        // A look that panics has found nothing.
        let _ = tokio::task::spawn_blocking(child::end_orphans).await;
    });
    let (stop, stopping) = watch::channel(false);
    let listener = tokio::spawn(accept(listener, tls, Arc::clone(&app), stopping));
    Ok(Daemon { app, address, stop, listener })
}

impl Daemon {
    /// Where it listens; the port is a real one even if 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The page's address, for a browser on this machine where the bind allows one.
    #[must_use]
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let scheme = if self.app.config.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}/")
    }

    /// A new single-use sign-in link; `None` when nobody needs to sign in.
    #[must_use]
    pub fn sign_in_link(&self) -> Option<Secret> {
        let is_needed = self.app.auth.is_on();
        is_needed.then(|| {
            let code = self.app.auth.issue_sign_in_code(clock::now());
            Secret::new(format!("{}#code={}", self.url(), code.reveal()))
        })
    }

    /// Takes no more connections, ends sessions' streams, turns and children, and gives requests under way
    /// `shutdown_grace` to finish. Connections that remain are cut off.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Some(rates) = self.app.admission.rates() {
            rates.drain();
        }
        self.app.sign_ins.close();
        let grace = self.app.config.timeouts.shutdown_grace;
        let closing = async {
            tokio::join!(self.app.acp.close(), self.app.workspaces.close());
            // Every connection holds a receiver.
            self.stop.closed().await;
        };
        if tokio::time::timeout(grace, closing).await.is_err() {
            tracing::warn!(connections = self.stop.receiver_count(), "not everything ended in time; cutting it off");
        }
        self.listener.abort();
    }
}

/// Accepts until told to stop. Ends when the last connection has ended; aborting it cuts the rest off.
async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let router = routes::router(&app);
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    if app.config.limits.max_connections.is_none_or(|max| connections.len() < max.get()) {
                        let conversation = Conversation { app: Arc::clone(&app), router: router.clone(), stopping: stopping.clone() };
                        connections.spawn(conversation.hold(stream, peer, tls.clone()));
                    }
                }
                Err(error) => rest_after(&error).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = stopping.changed() => break,
        }
    }
    drop((listener, stopping, router));
    while connections.join_next().await.is_some() {}
}

/// A peer that gave up before it was accepted costs nothing; anything else is worth a pause and a line.
async fn rest_after(error: &io::Error) {
    if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        return;
    }
    tracing::warn!(%error, "cannot accept a connection");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}
