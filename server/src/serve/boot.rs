//! What must hold before the daemon answers anybody.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket, lookup_host};

use super::TlsError;
use crate::{Config, admission::OriginPattern, auth, config::TokenSource, sessions};

/// Connections the kernel holds ready while we are busy.
const BACKLOG: u32 = 4_096;

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    #[error("`{hostname}` is not an address of this machine")]
    UnknownHost { hostname: String, source: io::Error },
    #[error("{address} is taken; stop the program that listens there, or choose another --port (0 picks a free one)")]
    PortInUse { address: String },
    #[error("cannot listen on {address}")]
    Bind { address: String, source: io::Error },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Auth(#[from] auth::OpenError),
    #[error(transparent)]
    Sessions(#[from] sessions::OpenError),
}

/// Flags that together would leave the daemon open, or make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    #[error(
        "--no-auth is for loopback only: {0} can be reached by other machines, and whoever reaches it could run commands here"
    )]
    NakedBind(SocketAddr),
    #[error("--require-auth needs a token; leave --no-auth out")]
    NothingToRequire,
    #[error(
        "--allow-origin '*' needs a token, or every website could drive this daemon; leave --no-auth out or name the origins"
    )]
    EveryOriginWithoutToken,
    #[error("--trust-loopback is for loopback binds only, not for {0}")]
    TrustBeyondLoopback(SocketAddr),
}

/// Refuses what would be unsafe at `bound`.
pub(super) fn check(config: &Config, bound: SocketAddr) -> Result<(), Contradiction> {
    let is_loopback = bound.ip().to_canonical().is_loopback();
    let is_naked = matches!(config.token, TokenSource::Off);
    if is_naked && !is_loopback {
        return Err(Contradiction::NakedBind(bound));
    }
    if is_naked && config.require_auth {
        return Err(Contradiction::NothingToRequire);
    }
    if is_naked && config.allow_origins.contains(&OriginPattern::Any) {
        return Err(Contradiction::EveryOriginWithoutToken);
    }
    if config.trust_loopback && !is_loopback {
        return Err(Contradiction::TrustBeyondLoopback(bound));
    }
    Ok(())
}

/// Listens on the first address of `hostname` that can be had.
pub(super) async fn bind(config: &Config) -> Result<TcpListener, StartError> {
    let hostname = config.hostname.trim_start_matches('[').trim_end_matches(']');
    let unknown = |source| StartError::UnknownHost { hostname: config.hostname.clone(), source };
    let mut last = unknown(io::ErrorKind::NotFound.into());
    for address in lookup_host((hostname, config.port)).await.map_err(unknown)? {
        match listen(address) {
            Ok(listener) => return Ok(listener),
            Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                last = StartError::PortInUse { address: address.to_string() };
            }
            Err(source) => last = StartError::Bind { address: address.to_string(), source },
        }
    }
    Err(last)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
