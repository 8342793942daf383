//! Which names the daemon answers to. A page that resolves its own name to this machine (DNS rebinding) sends that name in `Host`.

use std::net::{IpAddr, SocketAddr};

use http::{header, request};

const LOOPBACK_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];
/// Ports that clients leave out of `Host`.
const DEFAULT_PORTS: [u16; 2] = [80, 443];

/// The names of a listener, lower case.
#[derive(Debug)]
pub struct Hosts {
    /// `name:port`, or a bare name where the port goes without saying.
    exact: Vec<Box<str>>,
    /// How many of `exact` are the loopback names; they come first.
    loopback: usize,
    /// Names allowed with any port, for listeners behind a proxy or a port mapping.
    any_port: Vec<Box<str>>,
}

/// The address at which a connection reached the daemon, as a `Host` names it. On a wildcard bind each connection has its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAddress {
    with_port: Box<str>,
    bare: Option<Box<str>>,
}

impl Hosts {
    /// The loopback names where `bound` takes loopback connections, and what `--allow-host` adds.
    #[must_use]
    pub fn new(bound: SocketAddr, allowed: &[String]) -> Self {
        let ip = bound.ip().to_canonical();
        let mut hosts = Self { exact: Vec::new(), loopback: 0, any_port: Vec::new() };
        if ip.is_loopback() || ip.is_unspecified() {
            for name in LOOPBACK_NAMES {
                hosts.exact.extend(spellings(name, bound.port()));
            }
            hosts.loopback = hosts.exact.len();
        }
        for name in allowed {
            let name = name.to_ascii_lowercase().into_boxed_str();
            if split_port(&name).1.is_some() { hosts.exact.push(name) } else { hosts.any_port.push(name) }
        }
        hosts
    }

    /// One `Host`, and one the daemon answers to; the same for the target when it is a whole URL.
    pub(super) fn admit(&self, head: &request::Parts, own: &OwnAddress) -> bool {
        let mut named = head.headers.get_all(header::HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else { return false };
        let target_is_ours = head.uri.authority().is_none_or(|target| self.names(target.as_str(), own));
        target_is_ours && host.to_str().is_ok_and(|host| self.names(host, own))
    }

    /// Whether `host` is one of the loopback names, under any of which the same daemon answers.
    pub(super) fn serves_itself(&self, host: &str) -> bool {
        self.exact[..self.loopback].iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Whether `host` is a name of the daemon.
    pub(super) fn names(&self, host: &str, own: &OwnAddress) -> bool {
        self.exact.iter().any(|name| name.eq_ignore_ascii_case(host))
            || own.is(host)
            || self.any_port.iter().any(|name| name.eq_ignore_ascii_case(split_port(host).0))
    }
}

impl OwnAddress {
    #[must_use]
    pub fn new(local: SocketAddr) -> Self {
        let name = match local.ip().to_canonical() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let bare = DEFAULT_PORTS.contains(&local.port()).then(|| name.as_str().into());
        Self { with_port: format!("{name}:{}", local.port()).into_boxed_str(), bare }
    }

    fn is(&self, host: &str) -> bool {
        self.with_port.eq_ignore_ascii_case(host)
            || self.bare.as_ref().is_some_and(|bare| bare.eq_ignore_ascii_case(host))
    }
}

fn spellings(name: &str, port: u16) -> impl Iterator<Item = Box<str>> {
    let bare = DEFAULT_PORTS.contains(&port).then(|| name.into());
    std::iter::once(format!("{name}:{port}").into_boxed_str()).chain(bare)
}

/// Cuts `:port` off, where what follows the last colon outside brackets is a number.
fn split_port(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') && !port.starts_with('+') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (host, None),
        },
        Some(_) | None => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> SocketAddr {
        address.parse().expect("a socket address")
    }

    fn names(bound: &str, local: &str, allowed: &[&str], host: &str) -> bool {
        let allowed: Vec<String> = allowed.iter().map(|&name| name.to_owned()).collect();
        Hosts::new(at(bound), &allowed).names(host, &OwnAddress::new(at(local)))
    }

    #[test]
    fn a_loopback_bind_answers_to_loopback_names_with_its_port() {
        let loopback = |host| names("127.0.0.1:4170", "127.0.0.1:4170", &[], host);
        for good in ["localhost:4170", "LocalHost:4170", "127.0.0.1:4170", "[::1]:4170", "host.docker.internal:4170"] {
            assert!(loopback(good), "{good}");
        }
        for bad in [
            "localhost",
            "localhost:4171",
            "localhost.:4170",
            "evil.test:4170",
            "127.0.0.1.evil.test:4170",
            "",
            ":4170",
        ] {
            assert!(!loopback(bad), "{bad}");
        }
    }

    #[test]
    fn a_bare_name_is_enough_on_a_default_port() {
        assert!(names("127.0.0.1:80", "127.0.0.1:80", &[], "localhost"));
        assert!(names("192.168.1.5:443", "192.168.1.5:443", &[], "192.168.1.5"));
    }

    #[test]
    fn a_wildcard_bind_answers_to_the_address_that_was_dialled() {
        let lan = |host| names("0.0.0.0:4170", "192.168.1.5:4170", &[], host);
        assert!(lan("192.168.1.5:4170") && lan("localhost:4170"));
        assert!(!lan("192.168.1.6:4170") && !lan("box.lan:4170"));
    }

    #[test]
    fn a_lan_bind_does_not_answer_to_loopback_names() {
        let lan = |host| names("192.168.1.5:4170", "192.168.1.5:4170", &[], host);
        assert!(lan("192.168.1.5:4170") && !lan("localhost:4170"));
    }

    #[test]
    fn allowed_names_bring_their_own_port_or_any() {
        let lan = |host| names("0.0.0.0:4170", "10.0.0.2:4170", &["Box.lan", "proxy.lan:8443"], host);
        assert!(lan("box.lan") && lan("BOX.LAN:9000") && lan("proxy.lan:8443"));
        assert!(!lan("proxy.lan:4170") && !lan("proxy.lan") && !lan("notbox.lan:9000") && !lan("box.lan:port"));
    }

    #[test]
    fn a_mapped_address_is_named_as_what_it_maps() {
        assert_eq!(OwnAddress::new(at("[::ffff:10.0.0.2]:4170")), OwnAddress::new(at("10.0.0.2:4170")));
    }
}
