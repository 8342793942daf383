//! What a page says while it goes from one state to another: no failure, but a reason to look again.

use fantoccini::error::{CmdError, ErrorStatus};

/// An element that was there a moment ago and is not any more: the page is alive, look again.
pub(super) fn is_gone(error: &CmdError) -> bool {
    error.is_stale_element_reference() || error.is_no_such_element()
}

/// What a page says that is on its way from one state to another: what was found has gone, is covered or cannot be used yet, and nothing
/// has been done to it.
fn is_not_yet(error: &CmdError) -> bool {
    let is_covered =
        matches!(error, CmdError::Standard(refusal) if refusal.error == ErrorStatus::ElementClickIntercepted);
    is_gone(error) || is_covered || error.is_element_not_interactable()
}

/// The same of an expression: it throws, or its document gives way to the next.
pub(super) fn is_passing(error: &CmdError) -> bool {
    is_not_yet(error) || error.is_javascript_error() || error.is_unknown_error()
}

/// For [`until`](crate::deadline::until): done, or to be tried again.
pub(super) fn at_last<T>(outcome: Result<T, CmdError>) -> anyhow::Result<Option<T>> {
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(error) if is_not_yet(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
