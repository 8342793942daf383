//! Where a model server may be. A client of the daemon must not be able to point the agent, and the keys it sends, at services that only
//! this machine can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Networks without public servers: prefix and its length in bits.
const PRIVATE_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Carriers' own, and the metadata service of one cloud.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local, and the metadata services of most clouds.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
const PRIVATE_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::UNSPECIFIED, 128),
    (Ipv6Addr::LOCALHOST, 128),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];
/// Networks whose addresses carry one of IPv4, and in which two bytes pairs it begins.
const CARRIES_V4: &[(Ipv6Addr, u32, usize)] = &[
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 6),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 0), 96, 6),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, 6),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 1),
];

/// How far base URLs may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// This machine and private networks too.
    Anywhere,
}

/// Why a base URL is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    #[error("`baseUrl` must be an http or https URL without user name and password")]
    Malformed,
    #[error(
        "`baseUrl` leads to {0}, which is on this machine or in a private network; the daemon allows that with --allow-private-auth-base-url"
    )]
    Private(String),
    #[error("`baseUrl` names {0}, which cannot be found; check the spelling and the network")]
    Unknown(String),
}

/// Reads a base URL, without looking names up: its slash at the end is cut off.
pub(super) fn parse(text: &str, reach: Reach) -> Result<Url, BaseUrlError> {
    let url = Url::parse(text.trim()).map_err(|_| BaseUrlError::Malformed)?;
    let is_web = matches!(url.scheme(), "http" | "https");
    if !is_web || !url.username().is_empty() || url.password().is_some() || !url.has_host() {
        return Err(BaseUrlError::Malformed);
    }
    let is_private = match url.host() {
        Some(Host::Domain(name)) => is_local_name(name),
        Some(Host::Ipv4(ip)) => is_private(ip.into()),
        Some(Host::Ipv6(ip)) => is_private(ip.into()),
        None => true,
    };
    match reach {
        Reach::Public if is_private => Err(BaseUrlError::Private(url.host_str().unwrap_or_default().to_owned())),
        Reach::Public | Reach::Anywhere => Ok(url),
    }
}

/// Looks a name up. Every address it has must be public.
pub(super) async fn check_addresses(url: &Url, reach: Reach) -> Result<(), BaseUrlError> {
    let (Reach::Public, Some(Host::Domain(name))) = (reach, url.host()) else { return Ok(()) };
    let unknown = || BaseUrlError::Unknown(name.to_owned());
    let port = url.port_or_known_default().unwrap_or(443);
    let found = tokio::net::lookup_host((name, port)).await.map_err(|_| unknown())?;
    judge(name, found.map(|address| address.ip()))
}

fn judge(name: &str, mut addresses: impl Iterator<Item = IpAddr>) -> Result<(), BaseUrlError> {
    let first = addresses.next().ok_or_else(|| BaseUrlError::Unknown(name.to_owned()))?;
    match std::iter::once(first).chain(addresses).find(|ip| is_private(*ip)) {
        Some(ip) => Err(BaseUrlError::Private(format!("{name} ({ip})"))),
        None => Ok(()),
    }
}

/// Names that are private whatever they resolve to, among them those under which clouds serve their machines' credentials.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    ["localhost", "local", "internal", "home.arpa"]
        .iter()
        .any(|zone| name == *zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.')))
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => PRIVATE_V4.iter().any(|(net, bits)| (u32::from(ip) ^ u32::from(*net)) >> (32 - bits) == 0),
        IpAddr::V6(ip) => {
            PRIVATE_V6.iter().any(|(net, bits)| is_in(ip, *net, *bits))
                || CARRIES_V4.iter().filter(|(net, bits, _)| is_in(ip, *net, *bits)).any(|(_, _, at)| {
                    let [high, low] = [ip.segments()[*at], ip.segments()[at + 1]].map(u32::from);
                    is_private(Ipv4Addr::from(high << 16 | low).into())
                })
        }
    }
}

fn is_in(ip: Ipv6Addr, net: Ipv6Addr, bits: u32) -> bool {
    (u128::from(ip) ^ u128::from(net)) >> (128 - bits) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<BaseUrlError> {
        parse(text, Reach::Public).err()
    }

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "api.localhost",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[ff02::1]",
            "metadata.google.internal",
            "printer.local",
        ] {
            for url in [format!("http://{host}/v1"), format!("https://{host}:8443")] {
                assert!(matches!(refused(&url), Some(BaseUrlError::Private(_))), "{url}: {:?}", refused(&url));
                assert!(parse(&url, Reach::Anywhere).is_ok(), "{url}");
            }
        }
    }

    #[test]
    fn public_addresses_are_taken() {
        for host in
            ["api.example.com", "203.0.113.7", "172.32.0.1", "100.128.0.1", "[2606:4700::1111]", "internal.example.com"]
        {
            assert_eq!(refused(&format!("https://{host}/v1")), None, "{host}");
        }
    }

    #[test]
    fn what_is_no_web_address_is_refused_wherever_it_leads() {
        for text in [
            "",
            "api.example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "https://u:p@example.com",
            "https://u@example.com",
            "https://",
        ] {
            assert_eq!(parse(text, Reach::Anywhere), Err(BaseUrlError::Malformed), "{text}");
        }
    }

    #[test]
    fn one_private_address_among_those_of_a_name_is_enough() {
        let ips = |list: &[&str]| list.iter().map(|ip| ip.parse().expect("an address")).collect::<Vec<IpAddr>>();
        assert_eq!(judge("x", ips(&["203.0.113.7", "2606:4700::1111"]).into_iter()), Ok(()));
        let mixed = judge("x", ips(&["203.0.113.7", "10.0.0.1"]).into_iter());
        assert_eq!(mixed, Err(BaseUrlError::Private("x (10.0.0.1)".to_owned())));
        assert_eq!(judge("x", std::iter::empty()), Err(BaseUrlError::Unknown("x".to_owned())));
    }
}
