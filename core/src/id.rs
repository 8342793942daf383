//! The names things have on the wire. Each is an opaque string with a type of its own, cheap to clone.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is: ids are opaque, whoever accepts one from outside validates it first.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }
    };
}

id!(
    /// A session, as the daemon and its clients name it.
    SessionId
);
id!(
    /// A client of one session; the daemon issues it (`client_<uuid>`), see [`ClientId::parse`].
    ClientId
);
id!(
    /// An accepted prompt: the uuid of the 202.
    PromptId
);
id!(
    /// A pending permission request.
    RequestId
);
id!(
    /// One life of a session's event numbering. A cursor is only good together with the epoch it was read under.
    EventEpoch
);

/// Why a text is no client id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a client id is 1 to {max} characters of A-Z a-z 0-9 . _ : -", max = ClientId::MAX_CHARS)]
pub struct InvalidClientId;

impl ClientId {
    /// Longest accepted `X-Qwen-Client-Id`, in characters.
    pub const MAX_CHARS: usize = 128;

    /// Reads an `X-Qwen-Client-Id` header value.
    pub fn parse(text: &str) -> Result<Self, InvalidClientId> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
        if text.is_empty() || text.len() > Self::MAX_CHARS || !text.chars().all(allowed) {
            return Err(InvalidClientId);
        }
        Ok(Self::new(text))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_client_id_is_bounded_in_charset_and_length() {
        assert!(ClientId::parse("client_0b:9.-A").is_ok());
        assert!(ClientId::parse(&"x".repeat(128)).is_ok());
        for bad in ["", "a b", "é", "a\n", &"x".repeat(129)] {
            assert_eq!(ClientId::parse(bad), Err(InvalidClientId));
        }
    }
}
