//! Proof that whoever fetches the token is whoever asked for the code (RFC 7636, S256).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::auth::Secret;

/// The secret half.
#[derive(Debug, Clone)]
pub(super) struct Verifier(Secret);

impl Verifier {
    pub(super) fn random() -> Self {
        Self(Secret::random())
    }

    pub(super) fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// The half that is sent first.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.reveal().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn a_challenge_is_the_hash_of_its_verifier() {
        let verifier = Verifier(Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
