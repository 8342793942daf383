//! The log: to stderr and to a file, one line a request, never a token, a query string or a prompt's text.

use std::{
    env,
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use axum::response::Response;
use http::{HeaderValue, Method, Uri};
use roost_core::ClientId;
use tracing::{Level, enabled};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::{EnvFilter, Layer, filter::ParseError, fmt, layer::SubscriberExt};

use crate::{client_id::CLIENT_ID, daemon_log::LogFile, routes::table::Taken};

/// The variable that says what to log to stderr, in the syntax of `EnvFilter`: `info`, `roost_server=debug`.
pub const LOG_VARIABLE: &str = "ROOST_LOG";

const REQUESTS: &str = "roost_server::request";

/// What must be kept until the process ends: dropping it writes the lines that still wait.
#[derive(Debug, Default)]
pub struct Log(#[expect(dead_code, reason = "it works by being dropped")] Option<WorkerGuard>);

/// Logs warnings, or what `ROOST_LOG` asks for, to stderr: as text to a terminal, as JSON lines elsewhere; and to a file, if there is
/// one. A subscriber set before stays. A file that cannot be had is reported and done without.
///
/// # Errors
/// A text is not a log filter.
pub fn start(file: Option<&LogFile>) -> Result<Log, StartError> {
    let filter = match env::var(LOG_VARIABLE) {
        Ok(wanted) if !wanted.is_empty() => filter(&wanted)?,
        Ok(_) | Err(_) => EnvFilter::new("warn"),
    };
    let file_filter = file.map(|file| self::filter(&file.filter)).transpose()?;
    let opened = file.map(|file| file.open().map_err(|source| (file.path.clone(), source)));
    let (opened, unopened) = match opened {
        Some(Ok(opened)) => (Some(opened), None),
        Some(Err(unopened)) => (None, Some(unopened)),
        None => (None, None),
    };
    let (writer, guard) = opened.map(|log| (log.writer, log.guard)).unzip();
    let to_file = writer.zip(file_filter).map(|(writer, filter)| {
        fmt::layer().json().flatten_event(true).with_ansi(false).with_writer(writer).with_filter(filter)
    });
    let to_stderr = fmt::layer().with_writer(io::stderr);
    // Setting it fails only when there is one already.
    let _ = if io::stderr().is_terminal() {
        let to_stderr = to_stderr.compact().with_filter(filter);
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(to_file).with(to_stderr))
    } else {
        let to_stderr = to_stderr.json().flatten_event(true).with_filter(filter);
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(to_file).with(to_stderr))
    };
    if let Some((path, error)) = unopened {
        tracing::warn!(%error, path = %path.display(), "there is no log file");
    }
    Ok(Log(guard))
}

fn filter(wanted: &str) -> Result<EnvFilter, StartError> {
    EnvFilter::try_new(wanted).map_err(|source| StartError { wanted: wanted.to_owned(), source })
}

/// A filter makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("`{wanted}` is not a log filter; try `info`")]
pub struct StartError {
    wanted: String,
    source: ParseError,
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

    /// Since the request's head was there.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Writes the line, if this answer gets one. A stream's duration is the time to its head.
    pub fn write(self, response: &Response, taken: &Taken) {
        let status = response.status();
        if !status.is_server_error() && !logs_requests() {
            return;
        }
        let client = self.client.as_ref().and_then(|id| ClientId::parse(id.to_str().ok()?).ok());
        let session = taken.session(self.uri.path());
        // The page has no route; its path says as much. A path that nobody knows may hold anything.
        let route = taken.route().or_else(|| status.is_success().then(|| self.uri.path()));
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
