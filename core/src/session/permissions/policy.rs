//! How votes decide (V8–V15).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{ClientId, session::Forbidden};

/// The rule a request is decided by, captured when it is issued (V18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The first valid vote, anonymous ones included (V8).
    #[default]
    FirstResponder,
    /// Only the client whose prompt asked (V9).
    Designated,
    /// A quorum of the clients registered when the request was issued (V11–V14).
    Consensus,
    /// Any client on this machine (V10).
    LocalOnly,
}

/// The ballot box of one request.
#[derive(Debug)]
pub(super) struct Ballots {
    policy: Policy,
    originator: Option<ClientId>,
    voters: BTreeSet<ClientId>,
    quorum: usize,
    votes: BTreeMap<ClientId, Box<str>>,
}

/// What one vote for an offered option does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ballot {
    Wins,
    /// Counted; the quorum is open.
    Counted(Progress),
    /// The voter voted before; the first vote stands (V11).
    Repeated,
    Forbidden(Forbidden),
}

/// How far a consensus is.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Progress {
    votes_received: usize,
    votes_needed: usize,
    quorum: usize,
    option_tallies: BTreeMap<Box<str>, usize>,
}

impl Ballots {
    pub(super) fn new(
        policy: Policy,
        originator: Option<ClientId>,
        voters: BTreeSet<ClientId>,
        quorum_override: Option<usize>,
    ) -> Self {
        let quorum = quorum(voters.len(), quorum_override);
        Self { policy, originator, voters, quorum, votes: BTreeMap::new() }
    }

    pub(super) fn cast(&mut self, voter: Option<&ClientId>, option_id: &str, peer_is_loopback: bool) -> Ballot {
        match self.policy {
            Policy::FirstResponder => Ballot::Wins,
            Policy::Designated => match &self.originator {
                Some(originator) if voter != Some(originator) => Ballot::Forbidden(Forbidden::DesignatedMismatch),
                Some(_) | None => Ballot::Wins,
            },
            Policy::LocalOnly if peer_is_loopback => Ballot::Wins,
            Policy::LocalOnly => Ballot::Forbidden(Forbidden::RemoteNotAllowed),
            Policy::Consensus => match voter.filter(|voter| self.voters.contains(*voter)) {
                Some(voter) => self.tally(voter.clone(), option_id),
                None => Ballot::Forbidden(Forbidden::DesignatedMismatch),
            },
        }
    }

    fn tally(&mut self, voter: ClientId, option_id: &str) -> Ballot {
        if self.votes.contains_key(&voter) {
            return Ballot::Repeated;
        }
        self.votes.insert(voter, option_id.into());
        let mut option_tallies = BTreeMap::<Box<str>, usize>::new();
        for option in self.votes.values() {
            *option_tallies.entry(option.clone()).or_default() += 1;
        }
        let best = option_tallies.values().copied().max().unwrap_or(0);
        if best >= self.quorum {
            return Ballot::Wins;
        }
        let votes_needed = (self.quorum - best).max(1);
        Ballot::Counted(Progress {
            votes_received: self.votes.len(),
            votes_needed,
            quorum: self.quorum,
            option_tallies,
        })
    }
}

/// V12: more than half of the voters, unless configured; never more than there are.
fn quorum(voters: usize, configured: Option<usize>) -> usize {
    configured.map_or(voters / 2 + 1, |configured| configured.clamp(1, voters.max(1)))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// V12: a quorum is more than half.
    #[test]
    fn v12_a_quorum_is_more_than_half() {
        let quorums: Vec<usize> = (0..=6).map(|voters| quorum(voters, None)).collect();
        assert_eq!(quorums, [1, 1, 2, 2, 3, 3, 4]);
    }

    /// V12: a configured quorum is never beyond the voters.
    #[test]
    fn v12_a_configured_quorum_is_never_beyond_the_voters() {
        assert_eq!([quorum(5, Some(2)), quorum(2, Some(9)), quorum(0, Some(9)), quorum(3, Some(0))], [2, 2, 1, 1]);
    }
}
