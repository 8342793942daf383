//! One-time codes: issued at start-up or on request, traded once, and guarded against guessing.

use std::{collections::HashMap, net::IpAddr};

use roost_core::Millis;

use super::Digest;

/// How long a code can be traded.
pub const CODE_LIFETIME: Millis = Millis(10 * 60 * 1_000);

/// Wrong codes an address may offer within [`GUESS_WINDOW`].
const MAX_GUESSES: u32 = 10;
const GUESS_WINDOW: Millis = Millis(60 * 1_000);
/// Addresses whose guesses are counted at a time; beyond that, new ones wait.
const MAX_GUESSERS: usize = 4_096;
/// Codes open at a time; the oldest gives way.
const MAX_CODES: usize = 16;

/// The open codes, and who guessed how often.
#[derive(Debug, Default)]
pub(super) struct SignIn {
    codes: Vec<Code>,
    guessers: HashMap<IpAddr, Guesser>,
}

#[derive(Debug)]
struct Code {
    digest: Digest,
    expires_at: Millis,
}

#[derive(Debug)]
struct Guesser {
    since: Millis,
    guesses: u32,
}

/// Why a code was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("This sign-in code is wrong, already used or expired")]
    InvalidCode,
    #[error("Too many wrong sign-in codes")]
    TooManyGuesses { retry_in: Millis },
}

impl SignIn {
    pub(super) fn issue(&mut self, now: Millis, digest: Digest) {
        self.codes.retain(|code| code.expires_at > now);
        if self.codes.len() == MAX_CODES {
            self.codes.remove(0);
        }
        self.codes.push(Code { digest, expires_at: now.after(CODE_LIFETIME) });
    }

    /// Takes the code out of circulation when it is good. An address with too many wrong guesses is refused even with a good one.
    pub(super) fn redeem(&mut self, now: Millis, peer: IpAddr, offered: &Digest) -> Result<(), Refusal> {
        self.guessers.retain(|_, guesser| now.since(guesser.since) < GUESS_WINDOW);
        self.check_guesses(now, peer)?;
        self.codes.retain(|code| code.expires_at > now);
        let before = self.codes.len();
        self.codes.retain(|code| code.digest != *offered);
        if self.codes.len() < before {
            return Ok(());
        }
        self.guessers.entry(peer).or_insert(Guesser { since: now, guesses: 0 }).guesses += 1;
        Err(Refusal::InvalidCode)
    }

    fn check_guesses(&self, now: Millis, peer: IpAddr) -> Result<(), Refusal> {
        match self.guessers.get(&peer) {
            Some(guesser) if guesser.guesses >= MAX_GUESSES => {
                let retry_in = guesser.since.after(GUESS_WINDOW).since(now);
                Err(Refusal::TooManyGuesses { retry_in })
            }
            None if self.guessers.len() >= MAX_GUESSERS => Err(Refusal::TooManyGuesses { retry_in: GUESS_WINDOW }),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));

    fn with_code(code: &str) -> SignIn {
        let mut sign_in = SignIn::default();
        sign_in.issue(Millis(0), Digest::of(code.as_bytes()));
        sign_in
    }

    #[test]
    fn a_code_is_good_once() {
        let mut sign_in = with_code("open sesame");
        let code = Digest::of(b"open sesame");
        assert_eq!(sign_in.redeem(Millis(1), HERE, &code), Ok(()));
        assert_eq!(sign_in.redeem(Millis(2), HERE, &code), Err(Refusal::InvalidCode));
    }

    #[test]
    fn a_code_dies_of_age() {
        let code = Digest::of(b"open sesame");
        assert_eq!(with_code("open sesame").redeem(Millis(CODE_LIFETIME.0 - 1), HERE, &code), Ok(()));
        assert_eq!(with_code("open sesame").redeem(CODE_LIFETIME, HERE, &code), Err(Refusal::InvalidCode));
    }

    #[test]
    fn guessing_locks_out_the_guesser_and_nobody_else() {
        let mut sign_in = with_code("open sesame");
        for _ in 0..MAX_GUESSES {
            assert_eq!(sign_in.redeem(Millis(5), HERE, &Digest::of(b"guess")), Err(Refusal::InvalidCode));
        }
        let code = Digest::of(b"open sesame");
        let locked = Err(Refusal::TooManyGuesses { retry_in: Millis(GUESS_WINDOW.0 - 1) });
        assert_eq!(sign_in.redeem(Millis(6), HERE, &code), locked);
        assert_eq!(sign_in.redeem(Millis(6), ELSEWHERE, &code), Ok(()));
        let another = Digest::of(b"another");
        sign_in.issue(Millis(6), another);
        assert_eq!(sign_in.redeem(GUESS_WINDOW.after(Millis(5)), HERE, &another), Ok(()));
    }
}
