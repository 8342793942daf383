//! The web page, embedded in the binary and compressed ahead of time.

mod encoding;
mod headers;

use std::fmt::Write as _;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use self::encoding::Encoding;

include!(concat!(env!("OUT_DIR"), "/embedded_page.rs"));

const INDEX: &str = "/index.html";

/// One file of the page.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// As requested: absolute, `/index.html`.
    pub path: &'static str,
    /// Of the uncompressed bytes.
    pub hash: u64,
    pub plain: &'static [u8],
    pub brotli: Option<&'static [u8]>,
    pub gzip: Option<&'static [u8]>,
}

/// The files of the page, in the order of their paths.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    assets: &'static [Asset],
}

impl Page {
    /// What the build found; empty when the page had not been built then.
    #[must_use]
    pub const fn embedded() -> Self {
        Self { assets: EMBEDDED }
    }

    /// A page of other files, which must be in the order of their paths.
    #[must_use]
    pub const fn of(assets: &'static [Asset]) -> Self {
        Self { assets }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.assets.is_empty()
    }

    /// Whether a GET of `path` is for the page, which needs no credential, and not for the protocol.
    #[must_use]
    pub fn answers(&self, path: &str, headers: &HeaderMap) -> bool {
        path == "/" || self.find(path, headers).is_some()
    }

    /// The answer to a GET that no route took; `None` when it is not for the page.
    #[must_use]
    pub fn get(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        match self.find(path, headers) {
            Some(asset) => Some(asset.answer(headers)),
            None if path == "/" => Some(headers::dress(not_built())),
            None => None,
        }
    }

    fn find(&self, path: &str, headers: &HeaderMap) -> Option<&'static Asset> {
        let path = if is_view(path, headers) { INDEX } else { path };
        let at = self.assets.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
        Some(&self.assets[at])
    }
}

/// Addresses that the page itself tells apart: a browser that opens one gets the index.
fn is_view(path: &str, headers: &HeaderMap) -> bool {
    match path.strip_prefix("/session/") {
        Some(id) => !id.is_empty() && !id.contains('/') && wants_html(headers),
        None => path == "/",
    }
}

fn wants_html(headers: &HeaderMap) -> bool {
    let mut accepts = headers.get_all(header::ACCEPT).iter();
    accepts.any(|accept| accept.to_str().is_ok_and(|types| types.contains("text/html")))
}

impl Asset {
    fn answer(&self, request: &HeaderMap) -> Response {
        let (bytes, encoding) = self.best_for(request);
        let tag = self.tag(encoding);
        let is_known = request.get(header::IF_NONE_MATCH).is_some_and(|known| names_tag(known, &tag));
        let mut response = if is_known {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            Response::new(Body::from(Bytes::from_static(bytes)))
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(headers::content_type(self.path)));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(headers::cache_control(self.path)));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(header::ETAG, tag);
        if let Some(name) = encoding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        headers::dress(response)
    }

    fn best_for(&self, request: &HeaderMap) -> (&'static [u8], Encoding) {
        let accepted = encoding::Accepted::of(request);
        match (self.brotli, self.gzip) {
            (Some(bytes), _) if accepted.brotli => (bytes, Encoding::Brotli),
            (_, Some(bytes)) if accepted.gzip => (bytes, Encoding::Gzip),
            _ => (self.plain, Encoding::Plain),
        }
    }

    /// Names these bytes in this encoding.
    fn tag(&self, encoding: Encoding) -> HeaderValue {
        let mut tag = format!("\"{:016x}", self.hash);
        let suffixed = encoding.name().map_or(Ok(()), |name| write!(tag, "-{name}"));
        debug_assert!(suffixed.is_ok(), "writing to a string does not fail");
        tag.push('"');
        HeaderValue::try_from(tag).expect("hexadecimal digits, a dash and letters are visible ASCII")
    }
}

fn names_tag(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else { return false };
    known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

fn not_built() -> Response {
    let text = "Roost is running, but this binary was built without its page.\n\
                Build both with `cargo xtask build`, then start target/release/roost serve.\n";
    let mut response = Response::new(Body::from(text));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
