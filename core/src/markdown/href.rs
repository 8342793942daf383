//! Where a link may lead.

use std::fmt;

/// The address of a link that may be followed: `http`, `https` or `mailto`, without blanks and control characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Href(Box<str>);

const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

impl Href {
    /// Reads an address. `None` for any other scheme, for a path, and for what only looks like an address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let scheme = SCHEMES.into_iter().find(|scheme| starts_with(text, scheme))?;
        let is_clean = !text.chars().any(|c| c.is_control() || c.is_whitespace() || super::hidden::is_hidden(c));
        (is_clean && text.len() > scheme.len()).then(|| Self(text.into()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn starts_with(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
}

impl fmt::Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Href({})", self.0)
    }
}
