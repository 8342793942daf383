//! The organised list: pinned sessions first, then by activity.

use std::cmp::Reverse;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use roost_core::{Millis, SessionId};
use serde::{Deserialize, Serialize};

use super::{
    Page, item,
    wish::{GroupFilter, Wish, invalid_cursor},
};
use crate::{
    WireError,
    organization::{Arrangement, Organization, Preset},
    sessions::Listed,
    store::{Shelf, whole_millis},
    workspaces::Workspace,
};

/// What an organised item says beside the plain one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Organized {
    group_id: Option<Box<str>>,
    color: Option<Preset>,
    is_pinned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_at: Option<String>,
}

/// Where a page ended, in which list.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cursor {
    group: String,
    is_archived: bool,
    last: Place,
}

/// A session's place in the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    is_pinned: bool,
    active_at: Millis,
    session_id: SessionId,
}

impl Place {
    fn of(listed: &Listed, arrangement: &Arrangement) -> Self {
        Self {
            is_pinned: arrangement.pinned_at.is_some(),
            active_at: whole_millis(listed.summary.active_at),
            session_id: listed.summary.session_id.clone(),
        }
    }

    fn key(&self) -> (Reverse<bool>, Reverse<Millis>, &SessionId) {
        (Reverse(self.is_pinned), Reverse(self.active_at), &self.session_id)
    }
}

pub(super) fn page(
    workspace: &Workspace,
    wanted: impl Iterator<Item = Listed>,
    wish: &Wish,
    organization: &Organization,
    group: &GroupFilter,
    cursor: Option<&str>,
) -> Result<Page, WireError> {
    if let GroupFilter::Group(id) = group
        && !organization.has_group(id)
    {
        let refused = WireError::new(StatusCode::NOT_FOUND, format!("Group not found: {id}"));
        return Err(refused.code("group_not_found").with("field", "group"));
    }
    let (group_name, is_archived) = (group.as_str().to_owned(), wish.shelf == Shelf::Archive);
    let after = cursor.map(|text| after(text, &group_name, is_archived)).transpose()?;
    let mut ranked: Vec<(Place, Arrangement, Listed)> = wanted
        .map(|listed| (organization.of(&listed.summary.session_id), listed))
        .filter(|(arrangement, _)| is_in(group, arrangement))
        .map(|(arrangement, listed)| (Place::of(&listed, &arrangement), arrangement, listed))
        .filter(|(place, ..)| after.as_ref().is_none_or(|after| place.key() > after.key()))
        .collect();
    ranked.sort_by(|(a, ..), (b, ..)| a.key().cmp(&b.key()));
    let has_more = ranked.len() > wish.size;
    ranked.truncate(wish.size);
    let last = ranked.last().filter(|_| has_more).map(|(place, ..)| place.clone());
    let next_cursor = last.map(|last| encode(&Cursor { group: group_name, is_archived, last }));
    let sessions = ranked.into_iter().map(|(_, arrangement, listed)| {
        let organized = Organized {
            is_pinned: arrangement.pinned_at.is_some(),
            group_id: arrangement.group_id,
            color: arrangement.color,
            pinned_at: arrangement.pinned_at,
        };
        item(workspace, listed, wish.shelf, Some(organized))
    });
    Ok(Page { sessions: sessions.collect(), next_cursor })
}

fn is_in(group: &GroupFilter, arrangement: &Arrangement) -> bool {
    match group {
        GroupFilter::All => true,
        GroupFilter::Pinned => arrangement.pinned_at.is_some(),
        GroupFilter::Ungrouped => arrangement.group_id.is_none(),
        GroupFilter::Group(id) => arrangement.group_id.as_deref() == Some(id),
    }
}

fn encode(cursor: &Cursor) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).expect("strings and numbers serialize"))
}

/// A cursor of another list is none of this one.
fn after(text: &str, group: &str, is_archived: bool) -> Result<Place, WireError> {
    let json = URL_SAFE_NO_PAD.decode(text).ok();
    let cursor = json.and_then(|json| serde_json::from_slice::<Cursor>(&json).ok());
    let ours = cursor.filter(|cursor| cursor.group == group && cursor.is_archived == is_archived);
    ours.map(|cursor| cursor.last).ok_or_else(|| invalid_cursor(text, "organized"))
}
