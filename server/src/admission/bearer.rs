//! `Authorization: Bearer <token>`, and what replaces it where a browser cannot send that header.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, header, request};

use crate::acp::{BEARER_PROTOCOL, Handshake, offered};

const SCHEME: &[u8] = b"bearer";

/// The token a request carries in whatever way it may.
pub(super) fn of(head: &request::Parts) -> Option<Cow<'_, [u8]>> {
    if head.headers.contains_key(header::AUTHORIZATION) || !Handshake::is_wanted(&head.headers) {
        return token(&head.headers).map(Cow::Borrowed);
    }
    offered(&head.headers).find_map(of_protocol).map(Cow::Owned)
}

/// The token in `qwen-bearer.<base64url(token)>`, one of the protocols a WebSocket is asked for with.
fn of_protocol(offered: &str) -> Option<Vec<u8>> {
    let encoded = offered.strip_prefix(BEARER_PROTOCOL)?;
    URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok().filter(|token| !token.is_empty())
}

/// The token a request carries: the scheme in any case, one space, then any spaces and tabs.
fn token(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    let token = rest.strip_prefix(b" ")?.trim_ascii_start();
    (scheme.eq_ignore_ascii_case(SCHEME) && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn token_of(value: &'static str) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
        token(&headers).map(|token| String::from_utf8_lossy(token).into_owned())
    }

    #[test]
    fn the_scheme_has_any_case_and_the_first_separator_is_a_space() {
        for good in ["Bearer t", "bearer t", "BEARER  \t t"] {
            assert_eq!(token_of(good).as_deref(), Some("t"), "{good:?}");
        }
        for bad in ["Bearer", "Bearer ", "Bearer\tt", "Bearert", "Basic t", "t", "", " Bearer t"] {
            assert_eq!(token_of(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_socket_may_offer_the_token_as_a_protocol_and_nothing_else_may() {
        let offering = |upgrade: &str, protocols: &str| {
            let request =
                http::Request::get("/acp").header("upgrade", upgrade).header("sec-websocket-protocol", protocols);
            let (head, ()) = request.body(()).expect("a request").into_parts();
            of(&head).map(|token| String::from_utf8_lossy(&token).into_owned())
        };
        for good in ["qwen-bearer.dD4_", "acp, qwen-bearer.dD4_", "qwen-bearer.dD4_,acp"] {
            assert_eq!(offering("websocket", good).as_deref(), Some("t>?"), "{good}");
        }
        for bad in ["acp", "qwen-bearer.", "qwen-bearer.dD4/", "qwen-bearer", "xqwen-bearer.dD4_"] {
            assert_eq!(offering("websocket", bad), None, "{bad}");
        }
        assert_eq!(offering("h2c", "qwen-bearer.dD4_"), None);
    }
}
