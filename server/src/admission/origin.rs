//! Whose pages may call.

use std::str::FromStr;

use http::{HeaderValue, header, request};
use url::{Origin, Url};

use super::{Hosts, OwnAddress};

/// What `--allow-origin` takes: `*`, or one origin exactly as browsers write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginPattern {
    Any,
    Exactly(Box<str>),
}

/// Why a text is not an origin pattern.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "`{0}` is not an origin: write `*`, or scheme://host[:port] in lower case without path, default port or trailing slash"
)]
pub struct InvalidOrigin(String);

/// The patterns of a listener.
#[derive(Debug)]
pub struct OriginPolicy {
    any: bool,
    exactly: Vec<Box<str>>,
}

/// What the listener itself speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

/// What a request's `Origin` says about it.
#[derive(Debug)]
pub(super) enum Standing {
    /// No browser page of another origin is behind it.
    Own,
    /// The page of an allowed origin; its value as sent.
    Allowed(HeaderValue),
    Denied,
}

impl FromStr for OriginPattern {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        if text == "*" {
            return Ok(Self::Any);
        }
        match canonical(text) {
            // The URL standard takes `*` as a host; whoever writes it means a wildcard, which this is not.
            Some(origin) if origin == text && !text.contains('*') => Ok(Self::Exactly(text.into())),
            Some(_) | None => Err(InvalidOrigin(text.to_owned())),
        }
    }
}

/// `scheme://host[:port]` of a URL. Schemes the URL standard has no origin for, such as those of browser extensions, have host only.
fn canonical(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    match url.origin() {
        origin @ Origin::Tuple(..) => Some(origin.ascii_serialization()),
        Origin::Opaque(_) => {
            let host = url.host_str().filter(|host| !host.is_empty())?;
            Some(format!("{}://{host}", url.scheme()))
        }
    }
}

impl OriginPolicy {
    #[must_use]
    pub fn new(patterns: &[OriginPattern]) -> Self {
        let mut policy = Self { any: false, exactly: Vec::new() };
        for pattern in patterns {
            match pattern {
                OriginPattern::Any => policy.any = true,
                OriginPattern::Exactly(origin) => policy.exactly.push(origin.clone()),
            }
        }
        policy
    }

    fn allows(&self, origin: &str) -> bool {
        !origin.eq_ignore_ascii_case("null")
            && (self.any || self.exactly.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)))
    }
}

/// Judges the request's `Origin`, and removes it when it is the daemon's own.
pub(super) fn standing(
    head: &mut request::Parts,
    policy: &OriginPolicy,
    scheme: Scheme,
    hosts: &Hosts,
    own: &OwnAddress,
) -> Standing {
    let mut sent = head.headers.get_all(header::ORIGIN).iter();
    let Some(value) = sent.next() else { return Standing::Own };
    let (None, Ok(origin)) = (sent.next(), value.to_str()) else { return Standing::Denied };
    if is_own(origin, head, scheme, hosts, own) {
        head.headers.remove(header::ORIGIN);
        return Standing::Own;
    }
    if policy.allows(origin) { Standing::Allowed(value.clone()) } else { Standing::Denied }
}

/// The page the daemon itself served: from one of its loopback names, or from the very `Host` of this request, which a proxy may serve
/// over TLS. What speaks TLS itself has served no page without.
fn is_own(origin: &str, head: &request::Parts, own_scheme: Scheme, hosts: &Hosts, own: &OwnAddress) -> bool {
    let Some((scheme, place)) = origin.split_once("://") else { return false };
    let is_host =
        head.headers.get(header::HOST).is_some_and(|host| host.as_bytes().eq_ignore_ascii_case(place.as_bytes()));
    match (own_scheme, scheme) {
        (Scheme::Http, "http") | (Scheme::Https, "https") => {
            hosts.serves_itself(place) || is_host && hosts.names(place, own)
        }
        (Scheme::Http, "https") => is_host && hosts.names(place, own),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_any_or_a_canonical_origin() {
        assert_eq!("*".parse::<OriginPattern>().ok(), Some(OriginPattern::Any));
        for good in ["https://app.example", "http://localhost:3000", "chrome-extension://abcdef", "http://[::1]:8080"] {
            assert!(good.parse::<OriginPattern>().is_ok(), "{good}");
        }
        let path = "https://app.example/";
        for bad in [
            "",
            "app.example",
            path,
            "https://App.example",
            "https://app.example:443",
            "null",
            "https://*",
            "file:///x",
            "data:x",
        ] {
            assert!(bad.parse::<OriginPattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn any_origin_does_not_include_null() {
        let policy = OriginPolicy::new(&[OriginPattern::Any]);
        assert!(policy.allows("https://app.example") && !policy.allows("null"));
    }
}
