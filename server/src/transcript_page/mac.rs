//! HMAC-SHA-256 (RFC 2104), so that a cursor that was made up or tampered with is told from one of ours.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const BLOCK_BYTES: usize = 64;

/// What cursors of one run of the daemon are sealed with.
#[derive(Clone)]
pub struct Key([u8; BLOCK_BYTES]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// Fresh from the system.
    ///
    /// # Panics
    /// When the system has no randomness to give.
    #[must_use]
    pub fn random() -> Self {
        let mut key = [0; BLOCK_BYTES];
        getrandom::fill(&mut key).expect("the system's random source works");
        Self(key)
    }

    pub(super) fn seal(&self, message: &[u8]) -> [u8; 32] {
        let inner = Sha256::new().chain_update(self.0.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
        Sha256::new().chain_update(self.0.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
    }

    /// Takes the same time whatever is wrong with the seal.
    pub(super) fn is_sealed(&self, message: &[u8], seal: &[u8]) -> bool {
        self.seal(message).ct_eq(seal).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seal_is_hmac_sha_256() {
        // RFC 4231, test case 2.
        let mut key = [0; BLOCK_BYTES];
        key[..4].copy_from_slice(b"Jefe");
        let seal = Key(key).seal(b"what do ya want for nothing?");
        let hex: String = seal.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
