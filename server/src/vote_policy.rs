//! Who decides permission requests, as the settings have it (V18).

use std::num::NonZeroUsize;

use roost_core::session::Policy;
use serde_json::{Map, Value};

const STRATEGY: &str = "policy.permissionStrategy";
const QUORUM: &str = "policy.consensusQuorum";

/// The policy of a workspace, as of the daemon's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VotePolicy {
    pub policy: Policy,
    /// Replaces the majority of the consensus policy.
    pub quorum: Option<NonZeroUsize>,
}

/// Why the settings name no policy. The daemon does not start: guessing would let the wrong people decide.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVotePolicy {
    #[error("the setting {STRATEGY} is {0}; it must be first-responder, designated, consensus or local-only")]
    Strategy(Value),
    #[error("the setting {QUORUM} is {0}; it must be a positive whole number")]
    Quorum(Value),
}

impl VotePolicy {
    /// Reads the settings that hold; what they leave out has its default.
    ///
    /// # Errors
    /// See [`InvalidVotePolicy`].
    pub fn read(settings: &Map<String, Value>) -> Result<Self, InvalidVotePolicy> {
        let read =
            |key: &str| settings.get("policy").and_then(|policy| policy.get(key)).filter(|value| !value.is_null());
        let policy = match read("permissionStrategy") {
            None => Policy::default(),
            Some(value) => {
                serde_json::from_value(value.clone()).map_err(|_| InvalidVotePolicy::Strategy(value.clone()))?
            }
        };
        let quorum = match read("consensusQuorum") {
            None => None,
            Some(value) => {
                let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
                let quorum = number.and_then(NonZeroUsize::new);
                Some(quorum.ok_or_else(|| InvalidVotePolicy::Quorum(value.clone()))?)
            }
        };
        Ok(Self { policy, quorum })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(settings: &Value) -> Result<VotePolicy, InvalidVotePolicy> {
        VotePolicy::read(settings.as_object().expect("an object"))
    }

    /// V18: the first responder decides unless the settings say otherwise.
    #[test]
    fn v18_settings_name_the_policy_and_its_quorum() {
        assert_eq!(read(&json!({})), Ok(VotePolicy::default()));
        let consensus = json!({"policy": {"permissionStrategy": "consensus", "consensusQuorum": 2}});
        assert_eq!(read(&consensus), Ok(VotePolicy { policy: Policy::Consensus, quorum: NonZeroUsize::new(2) }));
        let local = read(&json!({"policy": {"permissionStrategy": "local-only"}}));
        assert_eq!(local.map(|read| read.policy), Ok(Policy::LocalOnly));
    }

    /// V18: what is not a policy is refused by name.
    #[test]
    fn v18_an_unknown_policy_or_quorum_is_refused_with_its_name() {
        let wrong = read(&json!({"policy": {"permissionStrategy": "anarchy"}})).expect_err("no policy");
        assert!(wrong.to_string().contains("policy.permissionStrategy is \"anarchy\""), "{wrong}");
        for quorum in [json!(0), json!(-1), json!(1.5), json!("2"), json!(true)] {
            let wrong = read(&json!({"policy": {"consensusQuorum": quorum}})).expect_err("no quorum");
            assert!(wrong.to_string().contains("policy.consensusQuorum"), "{wrong}");
        }
    }
}
