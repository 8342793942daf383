//! A look at where a payload belongs, without parsing the rest of it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// What routing needs to know of a message's params.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek<'a> {
    /// `sessionId`.
    pub session_id: Cow<'a, str>,
    /// `update.sessionUpdate`: the kind of a `session/update`.
    pub update: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params<'a> {
    #[serde(borrow)]
    session_id: Cow<'a, str>,
    #[serde(borrow)]
    update: Option<Update<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update<'a> {
    #[serde(borrow)]
    session_update: Cow<'a, str>,
}

impl<'a> Peek<'a> {
    /// `None` when the params name no session.
    #[must_use]
    pub fn at(params: &'a RawValue) -> Option<Self> {
        if !params.get().starts_with('{') {
            return None;
        }
        let Params { session_id, update } = serde_json::from_str(params.get()).ok()?;
        Some(Self { session_id, update: update.map(|update| update.session_update) })
    }
}
