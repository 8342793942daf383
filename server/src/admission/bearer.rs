//! `Authorization: Bearer <token>` (http.md §1.2).

use http::{HeaderMap, header};

const SCHEME: &[u8] = b"bearer";

/// The token a request carries: the scheme in any case, one space, then any spaces and tabs.
pub(super) fn token(headers: &HeaderMap) -> Option<&[u8]> {
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
}
