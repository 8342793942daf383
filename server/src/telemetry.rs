//! The log: to stderr, one line a request, never a token, a query string or a prompt's text.

use std::{
    env,
    io::{self, IsTerminal},
    time::Instant,
};

use axum::{extract::MatchedPath, response::Response};
use http::{HeaderValue, Method, StatusCode, Uri};
use roost_core::ClientId;
use tracing::{Level, enabled};
use tracing_subscriber::{EnvFilter, filter::ParseError};

use crate::client_id::CLIENT_ID;

/// The variable that says what to log, in the syntax of `EnvFilter`: `info`, `roost_server=debug`.
pub const LOG_VARIABLE: &str = "ROOST_LOG";

const REQUESTS: &str = "roost_server::request";

/// Logs warnings, or what `ROOST_LOG` asks for: as text to a terminal, as JSON lines elsewhere. A subscriber set before stays.
///
/// # Errors
/// When `ROOST_LOG` is set and is no filter.
pub fn start() -> Result<(), InvalidFilter> {
    let filter = match env::var(LOG_VARIABLE) {
        Ok(wanted) if !wanted.is_empty() => {
            EnvFilter::try_new(&wanted).map_err(|source| InvalidFilter { wanted, source })?
        }
        Ok(_) | Err(_) => EnvFilter::new("warn"),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Setting it fails only when there is one already.
    let _ = if io::stderr().is_terminal() {
        tracing::subscriber::set_global_default(log.compact().finish())
    } else {
        tracing::subscriber::set_global_default(log.json().flatten_event(true).finish())
    };
    Ok(())
}

/// `ROOST_LOG` makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("ROOST_LOG={wanted} is no log filter; try `info`")]
pub struct InvalidFilter {
    wanted: String,
    source: ParseError,
}

/// The route a request matched, carried on its answer to where the log line is written.
#[derive(Debug, Clone)]
pub struct RoutePattern(pub MatchedPath);

/// Whether an answer with this status gets a line.
#[must_use]
pub fn will_log(status: StatusCode) -> bool {
    status.is_server_error() || logs_requests()
}

/// Whether every request gets a line.
#[must_use]
pub fn logs_requests() -> bool {
    enabled!(target: REQUESTS, Level::INFO)
}

/// One request on its way to its line. Taking it costs reference counts only.
#[derive(Debug)]
pub struct RequestLine {
    started: Instant,
    method: Method,
    uri: Uri,
    client: Option<HeaderValue>,
}

impl RequestLine {
    pub fn of<B>(request: &http::Request<B>) -> Self {
        Self {
            started: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            client: request.headers().get(CLIENT_ID).cloned(),
        }
    }

    /// Writes the line, if this answer gets one. A stream's duration is the time to its head.
    pub fn write(self, response: &Response) {
        let status = response.status();
        if !will_log(status) {
            return;
        }
        let route = response.extensions().get::<RoutePattern>().map(|RoutePattern(path)| path.as_str());
        let client = self.client.as_ref().and_then(|id| ClientId::parse(id.to_str().ok()?).ok());
        let session = self.uri.path().strip_prefix("/session/").and_then(|rest| rest.split('/').next());
        // The page, `/health` and a failure that nobody expected to log have no pattern; their path says as much.
        let tells_path = status.is_success() || status.is_server_error();
        let route = route.or_else(|| tells_path.then(|| self.uri.path()));
        let duration_ms = (self.started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    target: REQUESTS, $level, method = %self.method, route, status = status.as_u16(), duration_ms,
                    session, client = client.as_ref().map(ClientId::as_str), "request"
                )
            };
        }
        if status.is_server_error() { line!(Level::WARN) } else { line!(Level::INFO) }
    }
}

/// What a panicking handler said, for the log.
pub fn panicked(request: &RequestLine, panic: &(dyn std::any::Any + Send)) {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(method = %request.method, panic = said.unwrap_or("-"), "a handler panicked");
}
