//! What a list is asked for.

use crate::{
    WireError,
    routes::query::Query,
    store::{Shelf, Summary},
};

const DEFAULT_SIZE: usize = 20;
const MAX_SIZE: usize = 100;
const MAX_SOURCE_TYPE_BYTES: usize = 64;

/// A query that makes sense.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wish {
    pub(super) shelf: Shelf,
    pub(super) size: usize,
    pub(super) view: View,
    parent: Option<String>,
    source_type: Option<String>,
    source_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum View {
    Plain {
        /// The activity of the last session seen, in milliseconds with their fraction.
        before: Option<f64>,
    },
    Organized {
        group: GroupFilter,
        /// As it came.
        cursor: Option<String>,
    },
}

/// Which of the organised sessions are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GroupFilter {
    All,
    Pinned,
    Ungrouped,
    Group(String),
}

impl GroupFilter {
    fn parse(text: &str) -> Self {
        match text {
            "all" => Self::All,
            "pinned" => Self::Pinned,
            "ungrouped" => Self::Ungrouped,
            id => Self::Group(id.to_owned()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::All => "all",
            Self::Pinned => "pinned",
            Self::Ungrouped => "ungrouped",
            Self::Group(id) => id,
        }
    }
}

impl Wish {
    pub(super) fn read(query: &Query) -> Result<Self, WireError> {
        let shelf = shelf(query.get("archiveState"))?;
        let is_organized = is_organized(query.get("view"))?;
        let group = match query.get("group") {
            Some(_) if !is_organized => {
                let why = "`group` requires `view=organized`";
                return Err(WireError::bad_request(why).code("invalid_session_group_filter"));
            }
            group => group.map_or(GroupFilter::All, GroupFilter::parse),
        };
        let parent = parent(query.get("parentSessionId"), is_organized)?;
        let (source_type, source_id) = source(query)?;
        let cursor = query.get("cursor").filter(|cursor| !cursor.is_empty());
        let view = if is_organized {
            View::Organized { group, cursor: cursor.map(str::to_owned) }
        } else {
            View::Plain { before: cursor.map(numeric).transpose()? }
        };
        let size = query.get("size").and_then(size).unwrap_or(DEFAULT_SIZE);
        Ok(Self { shelf, size, view, parent, source_type, source_id })
    }

    /// Whether a session is one of those asked for. No session of this daemon has a parent.
    pub(super) fn wants(&self, summary: &Summary) -> bool {
        let is_of = |wanted: &Option<String>, is: &Option<String>| wanted.is_none() || wanted == is;
        self.parent.is_none()
            && is_of(&self.source_type, &summary.source_type)
            && is_of(&self.source_id, &summary.source_id)
    }
}

/// As far as there is such a page; none when it is no whole number.
fn size(text: &str) -> Option<usize> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.strip_prefix('-') {
        Some(below) => is_number(below).then_some(1),
        None => is_number(text).then(|| text.parse().map_or(MAX_SIZE, |size: usize| size.clamp(1, MAX_SIZE))),
    }
}

fn shelf(state: Option<&str>) -> Result<Shelf, WireError> {
    match state {
        None | Some("active") => Ok(Shelf::Active),
        Some("archived") => Ok(Shelf::Archive),
        Some(_) => {
            let why = "`archiveState` must be \"active\" or \"archived\"";
            Err(WireError::bad_request(why).code("invalid_archive_state"))
        }
    }
}

fn is_organized(view: Option<&str>) -> Result<bool, WireError> {
    match view {
        None => Ok(false),
        Some("organized") => Ok(true),
        Some(_) => Err(WireError::bad_request("`view` must be \"organized\"").code("invalid_session_view")),
    }
}

fn parent(parent: Option<&str>, is_organized: bool) -> Result<Option<String>, WireError> {
    match parent {
        None => Ok(None),
        Some("") => {
            let why = "`parentSessionId` must be a non-empty string";
            Err(WireError::bad_request(why).code("invalid_parent_session_id"))
        }
        Some(_) if is_organized => {
            let why = "`parentSessionId` is not supported with `view=organized`";
            Err(WireError::bad_request(why).code("invalid_parent_session_filter"))
        }
        Some(id) => Ok(Some(id.to_owned())),
    }
}

fn source(query: &Query) -> Result<(Option<String>, Option<String>), WireError> {
    let invalid = |why: &'static str| WireError::bad_request(why).code("invalid_session_source");
    let (kind, id) = (query.get("sourceType"), query.get("sourceId"));
    let is_bad = kind.map_or(id.is_some(), |kind| !is_source_type(kind));
    if is_bad {
        return Err(invalid("`sourceType` must match [a-z][a-z0-9_-]{0,63} when provided"));
    }
    if id == Some("") {
        return Err(invalid("`sourceId` must be a non-empty string when provided"));
    }
    Ok((kind.map(str::to_owned), id.map(str::to_owned)))
}

fn is_source_type(text: &str) -> bool {
    let is_tail = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    text.len() <= MAX_SOURCE_TYPE_BYTES
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(is_tail)
}

fn numeric(text: &str) -> Result<f64, WireError> {
    let number = text.parse().ok().filter(|at: &f64| at.is_finite() && *at >= 0.0);
    number.ok_or_else(|| invalid_cursor(text, "numeric"))
}

pub(super) fn invalid_cursor(text: &str, kind: &str) -> WireError {
    let why = format!("Invalid cursor: \"{text}\" is not a valid {kind} cursor");
    WireError::bad_request(why).code("invalid_cursor")
}
