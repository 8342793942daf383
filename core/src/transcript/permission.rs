//! Permission requests and questions, as the transcript shows them.

use crate::{
    ClientId, Millis, PromptId, RequestId,
    payload::{Outcome, PartialVote, PermissionRequest},
    transcript::Seq,
};

/// Something an agent asked, open or answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Permission {
    /// The request as the agent made it: what exactly would run, and the possible answers.
    pub request: PermissionRequest,
    pub prompt: Option<PromptId>,
    /// The client whose prompt led here.
    pub by: Option<ClientId>,
    pub asked_at: Option<Millis>,
    pub state: PermissionState,
    /// Votes counted while the quorum is open.
    pub progress: Option<PartialVote>,
    pub(crate) seq: Seq,
    pub(crate) progress_at: Option<(Seq, Option<Millis>)>,
}

/// Open, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PermissionState {
    Pending,
    Resolved(Resolution),
    /// The session ended with the request open.
    Orphaned,
}

/// How a request ended, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub outcome: Outcome,
    /// `None` for an anonymous voter, a timeout or a cancel.
    pub voter: Option<ClientId>,
    pub at: Option<Millis>,
    pub(crate) seq: Seq,
    pub(crate) told: By,
    /// Learnt from `permission_already_resolved`.
    pub(crate) late: bool,
}

/// How the envelope of an answer was attributed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct By {
    pub(crate) by: Option<ClientId>,
    pub(crate) prompt: Option<PromptId>,
}

impl Permission {
    /// The name a vote needs.
    #[must_use]
    pub fn request_id(&self) -> &RequestId {
        &self.request.request_id
    }

    /// Nobody has answered.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.state == PermissionState::Pending
    }

    /// The chosen option, when one was chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<&crate::payload::PermissionOption> {
        let PermissionState::Resolved(resolution) = &self.state else { return None };
        let id = resolution.outcome.option_id.as_deref()?;
        self.request.options.iter().find(|option| &*option.option_id == id)
    }
}
