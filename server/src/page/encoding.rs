//! Which of the stored encodings a browser takes (RFC 9110 §12.5.3).

use http::{HeaderMap, header};

/// How stored bytes are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Brotli,
    Gzip,
}

impl Encoding {
    /// Its `Content-Encoding`.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
        }
    }
}

/// The encodings a request accepts, beside the plain one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    pub(super) brotli: bool,
    pub(super) gzip: bool,
}

impl Accepted {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut accepted = Self::default();
        let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        for (coding, wanted) in values.flat_map(|value| value.split(',')).map(coding) {
            match coding {
                "br" => accepted.brotli = wanted,
                "gzip" | "x-gzip" => accepted.gzip = wanted,
                _ => {}
            }
        }
        accepted
    }
}

/// `br;q=0.5` → `br`, and whether its weight is above zero.
fn coding(item: &str) -> (&str, bool) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
    (name, weight > 0.0)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn accepted(value: &'static str) -> (bool, bool) {
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        let Accepted { brotli, gzip } = Accepted::of(&headers);
        (brotli, gzip)
    }

    #[test]
    fn a_weight_of_zero_refuses() {
        assert_eq!(accepted("gzip, deflate, br, zstd"), (true, true));
        assert_eq!(accepted("br;q=0, gzip;q=0.5"), (false, true));
        assert_eq!(accepted("identity"), (false, false));
        assert_eq!(accepted("br ; q=0.001"), (true, false));
    }
}
