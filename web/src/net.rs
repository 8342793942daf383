//! How the page performs what `core::client` decides: requests with a bearer, and one event stream that is kept up.

pub(crate) mod fetch;
pub(crate) mod line;
