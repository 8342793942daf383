//! Who may work on a session, and who may move its files away (rule A1).
//!
//! Laws: a session is held by any number of shares, or by one claim, or by nobody; never by both. A hold that
//! is not free is refused at once, nobody waits; a batch is claimed as a whole or not at all.

use std::{collections::BTreeMap, num::NonZeroUsize};

use crate::SessionId;

/// The holds on all sessions. A session nobody holds takes no memory.
#[derive(Clone, Debug, Default)]
pub struct ArchiveLock {
    held: BTreeMap<SessionId, Hold>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// Prompts, loads, exports: so many at a time.
    Shared(NonZeroUsize),
    /// Archive, unarchive, delete, close.
    Exclusive,
}

/// The session is held in a way that excludes what was asked for: `session_archiving`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("session {0} is in transition")]
pub struct InTransition(pub SessionId);

impl ArchiveLock {
    /// Takes a share of a session. To be given back with [`Self::release_share`].
    ///
    /// # Errors
    /// Somebody has claimed it.
    pub fn share(&mut self, id: &SessionId) -> Result<(), InTransition> {
        let shares = match self.held.get(id) {
            None => NonZeroUsize::MIN,
            Some(Hold::Shared(shares)) => shares.saturating_add(1),
            Some(Hold::Exclusive) => return Err(InTransition(id.clone())),
        };
        self.held.insert(id.clone(), Hold::Shared(shares));
        Ok(())
    }

    /// Claims sessions exclusively, all or none; one that is named twice counts once. To be given back with [`Self::release_claim`].
    ///
    /// # Errors
    /// Somebody holds the one that is named.
    pub fn claim(&mut self, ids: &[SessionId]) -> Result<(), InTransition> {
        if let Some(held) = ids.iter().find(|id| self.held.contains_key(*id)) {
            return Err(InTransition(held.clone()));
        }
        self.held.extend(ids.iter().map(|id| (id.clone(), Hold::Exclusive)));
        Ok(())
    }

    /// Gives one share back. Without one it changes nothing.
    pub fn release_share(&mut self, id: &SessionId) {
        let Some(Hold::Shared(shares)) = self.held.get_mut(id) else { return };
        match NonZeroUsize::new(shares.get() - 1) {
            Some(left) => *shares = left,
            None => {
                self.held.remove(id);
            }
        }
    }

    /// Gives claims back. Without them it changes nothing.
    pub fn release_claim(&mut self, ids: &[SessionId]) {
        for id in ids {
            if self.held.get(id) == Some(&Hold::Exclusive) {
                self.held.remove(id);
            }
        }
    }

    /// Whether nobody holds anything.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn id(name: &str) -> SessionId {
        SessionId::from(name)
    }

    #[test]
    fn a1_shares_go_together_and_a_claim_goes_with_nothing() {
        let mut lock = ArchiveLock::default();
        let a = id("a");
        lock.share(&a).expect("free");
        lock.share(&a).expect("shared");
        assert_eq!(lock.claim(std::slice::from_ref(&a)), Err(InTransition(a.clone())));
        lock.release_share(&a);
        assert!(lock.claim(std::slice::from_ref(&a)).is_err(), "one share is left");
        lock.release_share(&a);
        lock.claim(std::slice::from_ref(&a)).expect("free again");
        assert_eq!(lock.share(&a), Err(InTransition(a.clone())));
        assert!(lock.claim(std::slice::from_ref(&a)).is_err());
        lock.release_claim(std::slice::from_ref(&a));
        assert!(lock.is_free());
    }

    #[test]
    fn a4_a_batch_is_claimed_as_a_whole_or_not_at_all() {
        let mut lock = ArchiveLock::default();
        lock.share(&id("b")).expect("free");
        assert_eq!(lock.claim(&[id("a"), id("b"), id("c")]), Err(InTransition(id("b"))));
        lock.share(&id("a")).expect("nothing of the refused batch is held");
        lock.claim(&[id("c"), id("c")]).expect("named twice counts once");
        lock.release_claim(&[id("c")]);
        lock.share(&id("c")).expect("free");
    }

    #[test]
    fn giving_back_what_one_does_not_have_changes_nothing() {
        let mut lock = ArchiveLock::default();
        lock.claim(&[id("a")]).expect("free");
        lock.release_share(&id("a"));
        assert!(lock.share(&id("a")).is_err());
        lock.release_claim(&[id("a")]);
        lock.share(&id("a")).expect("free");
        lock.release_claim(&[id("a")]);
        assert!(!lock.is_free());
    }
}
