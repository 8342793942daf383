//! The listener and its connections: hyper's HTTP/1 driven with timeouts, around one flat function per request.

mod boot;
mod connection;
mod departure;
mod stall;
mod tls;

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::Request;
use hyper::{
    body::Incoming,
    rt::{Read, Write},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use self::stall::StallGuard;
pub use self::{
    boot::{Contradiction, StartError},
    connection::Connection,
    tls::{Part, TlsError},
};
use crate::{
    App, Config, WireError,
    acp::Acp,
    admission::{self, Admission, Ends, Verdict, gate},
    auth::{Auth, Secret},
    body,
    capabilities::Capabilities,
    child, clock,
    device_flow::SignIns,
    files::Files,
    lag::Lag,
    metrics::Metrics,
    routes::{
        self, health, options, page, path,
        table::{Table, Taken},
    },
    telemetry::{self, RequestLine},
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

/// What each connection needs of the daemon.
struct Conversation {
    app: Arc<App>,
    router: Router,
    stopping: watch::Receiver<bool>,
}

impl Conversation {
    /// One connection, from its first byte to its last.
    async fn hold(self, stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>) {
        let timeouts = &self.app.config.timeouts;
        let Ok(connection) = Connection::open(&stream, peer, timeouts.writer_idle) else { return };
        let _counted = self.app.metrics.connected();
        let stream = StallGuard::new(stream, connection.clone(), timeouts.writer_idle);
        match tls {
            None => self.talk(TokioIo::new(stream), &connection).await,
            // In a box, so that a connection without TLS does not carry the room for one with.
            Some(tls) => Box::pin(self.talk_in_secret(stream, &tls, &connection)).await,
        }
    }

    async fn talk_in_secret(mut self, stream: StallGuard, tls: &TlsAcceptor, connection: &Connection) {
        let handshake = tokio::time::timeout(self.app.config.timeouts.header_read, tls.accept(stream));
        let shaken = tokio::select! {
            shaken = handshake => shaken,
            _ = self.stopping.changed() => return,
        };
        // Strangers who want another protocol, version or name than there is are their own affair.
        let Ok(Ok(stream)) = shaken else { return };
        self.talk(TokioIo::new(stream), connection).await;
    }

    async fn talk(mut self, io: impl Read + Write + Send + Unpin + 'static, connection: &Connection) {
        let service = service_fn(|request| answer(&self.app, connection, self.router.clone(), request));
        let conversation = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.app.config.timeouts.header_read)
            .serve_connection(io, service)
            .with_upgrades();
        tokio::pin!(conversation);
        tokio::select! {
            biased;
            // A peer that breaks off or stalls is its own affair.
            _ = conversation.as_mut() => return,
            _ = self.stopping.changed() => conversation.as_mut().graceful_shutdown(),
        }
        // As above: how it ends is the peer's affair.
        let _ = conversation.await;
    }
}

/// One request: admission, routing, the log. All of it in one function, since every request pays for each layer.
async fn answer(
    app: &App,
    connection: &Connection,
    mut router: Router,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let line = RequestLine::of(&request);
    let (mut head, body) = request.into_parts();
    if let Some(trimmed) = path::trimmed(&head.uri) {
        head.uri = trimmed;
    }
    let taken = Table::get().take(&head.method, head.uri.path()).unwrap_or(Taken::NONE);
    let ends = Ends { peer: connection.peer().ip(), own: connection.own_address() };
    let decision = app.admission.decide(&mut head, ends, &app.auth, &app.config.page);
    let mut response = match decision.verdict {
        Verdict::Answered(response) => {
            body::discard(body, app.config.timeouts.body_read);
            response
        }
        Verdict::Enter if health::is_plain(&head) => health::alive(),
        Verdict::Enter if !path::is_readable(head.uri.path()) => {
            body::discard(body, app.config.timeouts.body_read);
            path::unreadable().into_response()
        }
        Verdict::Enter if taken.index().is_none() => {
            body::discard(body, app.config.timeouts.body_read);
            let told = options::answer(&head.method, head.uri.path());
            told.unwrap_or_else(|| page::answer(app, &head.method, &head.uri, &head.headers))
        }
        Verdict::Enter => {
            head.extensions.insert(connection.clone());
            let body = Body::new(body);
            let is_shut = taken.is_strict() && gate::is_closed(app);
            let is_odd = !is_shut && body::is_beside_the_point(&head, &body);
            let request = Request::from_parts(head, body);
            // In a box, so that the many requests without such a body do not carry the room for one.
            let request = if is_odd { Box::pin(body::checked(request, app)).await } else { Ok(request) };
            match request {
                Err(refusal) => refusal.into_response(),
                Ok(request) => match AssertUnwindSafe(router.call(request)).catch_unwind().await {
                    Ok(Ok(response)) => response,
                    Err(panic) => {
                        telemetry::panicked(&line, &*panic);
                        WireError::internal().into_response()
                    }
                },
            }
        }
    };
    if let Some(reader) = decision.reader {
        admission::let_read(&mut response, reader);
    }
    app.metrics.answered(taken, response.status(), line.elapsed());
    line.write(&response, &taken);
    Ok(response)
}
