//! One connection, and each request on it: hyper's HTTP/1 driven with timeouts, around functions that are plain calls. A stack of layers
//! would cost every request something for each.

use std::{convert::Infallible, net::SocketAddr, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{Request, request::Parts};
use hyper::{
    body::Incoming,
    rt::{Read, Write},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, sync::watch};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use super::{Awaited, Connection, stall::StallGuard};
use crate::{
    App, WireError,
    admission::{self, Ends, Verdict, gate},
    body,
    routes::{
        health, options, page, path,
        table::{Table, Taken},
    },
    telemetry::{self, RequestLine},
};

/// What each connection needs of the daemon.
pub(super) struct Conversation {
    pub(super) app: Arc<App>,
    pub(super) router: Router,
    pub(super) stopping: watch::Receiver<bool>,
}

impl Conversation {
    /// One connection, from its first byte to its last.
    pub(super) async fn hold(self, stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>) {
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

/// One request: admission, routing, the log.
async fn answer(
    app: &App,
    connection: &Connection,
    router: Router,
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
    let unread = |body, response| {
        body::discard(body, app.config.timeouts.body_read);
        response
    };
    let mut response = match decision.verdict {
        Verdict::Answered(response) => unread(body, response),
        Verdict::Enter if health::is_plain(&head) => health::alive(),
        Verdict::Enter if !path::is_readable(head.uri.path()) => unread(body, path::unreadable().into_response()),
        Verdict::Enter if taken.index().is_none() => unread(body, off_the_table(app, &head)),
        Verdict::Enter => {
            head.extensions.insert(connection.clone());
            let request = Request::from_parts(head, Body::new(body));
            match admitted(app, &taken, request).await {
                Ok(request) => routed(router, request, &line).await,
                Err(refusal) => refusal.into_response(),
            }
        }
    };
    if let Some(reader) = decision.reader {
        admission::let_read(&mut response, reader);
    }
    app.metrics.answered(taken, response.status(), line.elapsed());
    line.write(&response, &taken);
    if let Some(awaited) = response.extensions_mut().remove::<Awaited>() {
        // Nothing is flushed between here and the answer's being in the connection's buffer.
        connection.departures().await_next(awaited);
    }
    Ok(response)
}

/// What no row of the table is about: a question about methods, or the page and its files.
fn off_the_table(app: &App, head: &Parts) -> Response {
    let told = options::answer(&head.method, head.uri.path());
    told.unwrap_or_else(|| page::answer(app, &head.method, &head.uri, &head.headers))
}

/// The request as its route gets it: a body of a kind that few routes look at is checked here. The gate refuses without a look.
async fn admitted(app: &App, taken: &Taken, request: Request<Body>) -> Result<Request<Body>, WireError> {
    let (head, body) = request.into_parts();
    let is_shut = taken.is_strict() && gate::is_closed(app);
    let is_odd = !is_shut && body::is_beside_the_point(&head, &body);
    let request = Request::from_parts(head, body);
    // In a box, so that the many requests without such a body do not carry the room for one.
    if is_odd { Box::pin(body::checked(request, app)).await } else { Ok(request) }
}

/// What the handler answers; one that panics has had an internal error.
async fn routed(mut router: Router, request: Request<Body>, line: &RequestLine) -> Response {
    match AssertUnwindSafe(router.call(request)).catch_unwind().await {
        Ok(Ok(response)) => response,
        Err(panic) => {
            telemetry::panicked(line, &*panic);
            WireError::internal().into_response()
        }
    }
}
