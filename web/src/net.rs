//! How the page talks to the daemon it came from: requests with a bearer, and one event stream.

pub(crate) mod api;
pub(crate) mod backoff;
pub(crate) mod call;
pub(crate) mod line;
pub(crate) mod wire;
