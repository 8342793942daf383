//! How a person has put their sessions in order: groups, pins, colors. Nothing here concerns what a session does, so nothing of it
//! is told on any stream; it outlives a session's being closed or archived.

mod label;
mod sidecar;

use std::collections::BTreeMap;

use roost_core::SessionId;
use serde::{Deserialize, Serialize};

pub use self::{
    label::{GroupColor, GroupName, Preset},
    sidecar::{ChangeError, Sidecar},
};

const SCHEMA_VERSION: u32 = 1;
/// The time of an arrangement that was never made.
const NEVER: &str = "1970-01-01T00:00:00.000Z";

/// Everything that is arranged in one workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    schema_version: u32,
    groups: Vec<Group>,
    sessions: BTreeMap<SessionId, Arrangement>,
}

/// A group of sessions. Times are ISO 8601.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub id: Box<str>,
    pub name: GroupName,
    pub color: GroupColor,
    /// Groups are shown by it, ascending.
    pub order: i64,
    pub created_at: String,
    pub updated_at: String,
}

/// How one session is arranged. Times are ISO 8601.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Arrangement {
    pub group_id: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub color: Option<Preset>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pinned_at: Option<String>,
    pub updated_at: String,
}

/// What shall become of a session's arrangement; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rearrange {
    pub pinned: Option<bool>,
    pub group: Option<Option<Box<str>>>,
    pub color: Option<Option<Preset>>,
}

/// What shall become of a group; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regroup {
    pub name: Option<GroupName>,
    pub color: Option<GroupColor>,
    pub order: Option<i64>,
}

/// Why a change is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Name(&'static str),
    #[error("`color` must be a supported preset or a #RRGGBB hex value")]
    Color,
    #[error("`order` must be a safe integer")]
    Order,
    #[error("{why}")]
    Arrangement { field: &'static str, why: &'static str },
    #[error("Group not found: {id}")]
    NoSuchGroup { field: &'static str, id: Box<str> },
    #[error("Group name already exists: {}", .0.as_str())]
    NameTaken(GroupName),
}

impl Default for Organization {
    fn default() -> Self {
        Self { schema_version: SCHEMA_VERSION, groups: Vec::new(), sessions: BTreeMap::new() }
    }
}

impl Default for Arrangement {
    fn default() -> Self {
        Self { group_id: None, color: None, pinned_at: None, updated_at: NEVER.to_owned() }
    }
}

impl Organization {
    /// By their order; of equal ones the older first.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        let mut groups = self.groups.clone();
        groups.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| a.created_at.cmp(&b.created_at)));
        groups
    }

    #[must_use]
    pub fn has_group(&self, id: &str) -> bool {
        self.groups.iter().any(|group| &*group.id == id)
    }

    /// How a session is arranged.
    #[must_use]
    pub fn of(&self, session: &SessionId) -> Arrangement {
        self.sessions.get(session).cloned().unwrap_or_default()
    }

    /// Adds a group behind the others.
    ///
    /// # Errors
    /// There is one of that name.
    pub fn add_group(
        &mut self,
        id: Box<str>,
        name: GroupName,
        color: GroupColor,
        now: String,
    ) -> Result<Group, Refused> {
        self.check_name(&name, None)?;
        let order = self.groups.iter().map(|group| group.order.saturating_add(1)).max().unwrap_or(0);
        let group = Group { id, name, color, order, created_at: now.clone(), updated_at: now };
        self.groups.push(group.clone());
        Ok(group)
    }

    /// Changes a group.
    ///
    /// # Errors
    /// There is no such group, or another one has the name.
    pub fn change_group(&mut self, id: &str, change: Regroup, now: String) -> Result<Group, Refused> {
        if !self.has_group(id) {
            return Err(Refused::NoSuchGroup { field: "groupId", id: id.into() });
        }
        if let Some(name) = &change.name {
            self.check_name(name, Some(id))?;
        }
        let found = self.groups.iter_mut().find(|group| &*group.id == id);
        let group = found.expect("it was there a moment ago");
        let Regroup { name, color, order } = change;
        group.name = name.unwrap_or_else(|| group.name.clone());
        group.color = color.unwrap_or_else(|| group.color.clone());
        group.order = order.unwrap_or(group.order);
        group.updated_at = now;
        Ok(group.clone())
    }

    /// Removes a group; its sessions are in no group then. False when there is no such group.
    pub fn remove_group(&mut self, id: &str, now: &str) -> bool {
        let before = self.groups.len();
        self.groups.retain(|group| &*group.id != id);
        for arrangement in self.sessions.values_mut().filter(|session| session.group_id.as_deref() == Some(id)) {
            arrangement.group_id = None;
            arrangement.updated_at = now.to_owned();
        }
        self.groups.len() < before
    }

    /// Arranges a session. Changing nothing leaves no trace.
    ///
    /// # Errors
    /// There is no such group.
    pub fn rearrange(&mut self, session: &SessionId, change: Rearrange, now: &str) -> Result<Arrangement, Refused> {
        if let Some(Some(id)) = &change.group
            && !self.has_group(id)
        {
            return Err(Refused::NoSuchGroup { field: "groupId", id: id.clone() });
        }
        if change == Rearrange::default() {
            return Ok(self.of(session));
        }
        let arrangement = self.sessions.entry(session.clone()).or_default();
        if let Some(group) = change.group {
            arrangement.group_id = group;
        }
        if let Some(color) = change.color {
            arrangement.color = color;
        }
        match change.pinned {
            Some(true) if arrangement.pinned_at.is_none() => arrangement.pinned_at = Some(now.to_owned()),
            Some(false) => arrangement.pinned_at = None,
            Some(true) | None => {}
        }
        now.clone_into(&mut arrangement.updated_at);
        Ok(arrangement.clone())
    }

    /// The sessions are gone for good.
    pub fn forget(&mut self, sessions: &[SessionId]) {
        self.sessions.retain(|id, _| !sessions.contains(id));
    }

    fn check_name(&self, name: &GroupName, own: Option<&str>) -> Result<(), Refused> {
        let is_taken = self.groups.iter().any(|group| Some(&*group.id) != own && group.name.is_like(name));
        if is_taken { Err(Refused::NameTaken(name.clone())) } else { Ok(()) }
    }
}
