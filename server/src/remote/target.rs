//! Which daemon to talk to, and with what credential.

use std::{fmt, fs, io, net::IpAddr, path::PathBuf};

use clap::Args;
use url::{Host, Url};

use super::{RemoteError, tls::Tls};
use crate::{auth::Secret, cli};

/// What every command takes that talks to a daemon.
#[derive(Clone, Debug, Args)]
pub struct TargetArgs {
    /// The daemon's address
    #[arg(
        long,
        value_name = "URL",
        env = "ROOST_URL",
        default_value = "http://127.0.0.1:4170",
        help_heading = "Daemon"
    )]
    url: String,
    /// Bearer token [default: the one a daemon on this machine keeps in QWEN_HOME]
    #[arg(long, env = "QWEN_SERVER_TOKEN", hide_env_values = true, help_heading = "Daemon")]
    token: Option<String>,
    /// File of PEM certificates to trust in the system's place, for a daemon with a certificate of its own
    #[arg(long, value_name = "FILE", env = "ROOST_CA", help_heading = "Daemon")]
    ca: Option<PathBuf>,
}

/// A daemon's address, and the credential for it.
#[derive(Debug)]
pub(super) struct Target {
    url: Url,
    host: String,
    port: u16,
    token: Option<Secret>,
    source: TokenSource,
    /// None where the address is plain http.
    tls: Option<Tls>,
}

/// Where the token was looked for.
#[derive(Debug)]
enum TokenSource {
    Given,
    File(PathBuf),
    /// There is no such file.
    NoFile(PathBuf),
    /// A token that a daemon keeps on this machine is not for other machines.
    OtherMachine,
    NoHome,
}

impl Target {
    pub(super) fn find(args: &TargetArgs) -> Result<Self, RemoteError> {
        let url = Url::parse(&args.url).map_err(|_| RemoteError::BadUrl(args.url.clone()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(match url.has_host() {
                true => RemoteError::NotHttp(url.scheme().to_owned()),
                false => RemoteError::BadUrl(args.url.clone()),
            });
        }
        let named = url.host().ok_or_else(|| RemoteError::BadUrl(args.url.clone()))?;
        let (token, source) = match args.token.as_deref().map(str::trim).filter(|token| !token.is_empty()) {
            Some(token) => (Some(Secret::new(token)), TokenSource::Given),
            None if is_here(&named) => kept()?,
            None => (None, TokenSource::OtherMachine),
        };
        if token.as_ref().is_some_and(|token| !token.reveal().bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(RemoteError::UnsendableToken);
        }
        // An IPv6 address stands in brackets in a URL and without them in a socket address.
        let host = named.to_string().trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = if url.scheme() == "https" { Some(Tls::new(&host, args.ca.as_deref())?) } else { None };
        Ok(Self { port: url.port_or_known_default().unwrap_or(80), host, token, source, tls, url })
    }

    pub(super) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    pub(super) fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    pub(super) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// The value of the `Host` header.
    pub(super) fn authority(&self) -> &str {
        self.url.authority()
    }

    /// `path` below the address, which may have a path of its own behind a proxy.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.url.path().trim_end_matches('/'))
    }

    pub(super) fn unauthorized(&self) -> RemoteError {
        RemoteError::Unauthorized { url: self.to_string(), tried: self.source.to_string() }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

impl fmt::Display for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("the token given with --token or QWEN_SERVER_TOKEN is not the daemon's"),
            Self::File(path) => write!(
                f,
                "the token in {} is not this daemon's; give its own with --token or QWEN_SERVER_TOKEN",
                path.display()
            ),
            Self::NoFile(path) => write!(
                f,
                "it wants a token, and there is none in {}; give one with --token or QWEN_SERVER_TOKEN, or set QWEN_HOME to the daemon's",
                path.display()
            ),
            Self::OtherMachine => f.write_str(
                "it wants a token; give it with --token or QWEN_SERVER_TOKEN (the one kept on this machine is not sent elsewhere)",
            ),
            Self::NoHome => f.write_str("it wants a token; give it with --token or QWEN_SERVER_TOKEN"),
        }
    }
}

fn is_here(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

/// The token that a daemon of this user keeps.
fn kept() -> Result<(Option<Secret>, TokenSource), RemoteError> {
    let Ok(home) = cli::home() else { return Ok((None, TokenSource::NoHome)) };
    let path = home.join("roost").join("token");
    match fs::read_to_string(&path) {
        Ok(token) => Ok((Some(Secret::new(token.trim())), TokenSource::File(path))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((None, TokenSource::NoFile(path))),
        Err(source) => Err(RemoteError::TokenFile { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(url: &str) -> Result<Target, RemoteError> {
        Target::find(&TargetArgs { url: url.to_owned(), token: Some("t".to_owned()), ca: None })
    }

    #[test]
    fn an_address_is_taken_apart_and_put_together() {
        let target = find("http://[::1]:8080/behind/a-proxy/").expect("an address");
        assert_eq!(target.address(), ("::1", 8080));
        assert_eq!(target.authority(), "[::1]:8080");
        assert_eq!(target.path("/session/a%2Fb?x=1"), "/behind/a-proxy/session/a%2Fb?x=1");
        let plain = find("http://localhost").expect("an address");
        assert_eq!((plain.address(), plain.path("/health").as_str()), (("localhost", 80), "/health"));
    }

    #[test]
    fn what_is_no_address_of_a_daemon_is_named() {
        assert!(matches!(find("ftp://roost.example"), Err(RemoteError::NotHttp(scheme)) if scheme == "ftp"));
        assert!(matches!(find("127.0.0.1:4170"), Err(RemoteError::BadUrl(_))));
        assert!(matches!(find("localhost:4170"), Err(RemoteError::BadUrl(_))));
    }

    #[test]
    fn the_kept_token_goes_to_this_machine_only() {
        let elsewhere = Target::find(&TargetArgs { url: "http://192.0.2.7:4170".to_owned(), token: None, ca: None });
        let elsewhere = elsewhere.expect("an address");
        assert!(elsewhere.token().is_none());
        assert!(elsewhere.unauthorized().to_string().contains("not sent elsewhere"));
    }
}
