//! The ways in which a request can be bad, and which of them a route can meet.

use super::Route;

/// One way in which a request is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    NoToken,
    WrongToken,
    ForeignHost,
    ForeignOrigin,
    UnknownSession,
    UnknownWorkspace,
    MalformedBody,
    WrongTypes,
    Oversized,
}

/// What is to be done about a route in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// It is asked in this way.
    Asked,
    /// It cannot be, for this reason.
    Spared(&'static str),
}

impl Column {
    pub const ALL: [Self; 9] = [
        Self::NoToken,
        Self::WrongToken,
        Self::ForeignHost,
        Self::ForeignOrigin,
        Self::UnknownSession,
        Self::UnknownWorkspace,
        Self::MalformedBody,
        Self::WrongTypes,
        Self::Oversized,
    ];

    /// Whether a route is asked in this way, and if not, why.
    #[must_use]
    pub fn cell(self, route: &Route) -> Cell {
        let reason = match self {
            Self::NoToken | Self::WrongToken => route.is_open().then_some("it asks for no credential"),
            Self::ForeignHost | Self::ForeignOrigin => None,
            Self::UnknownSession => (!route.is_about_a_session()).then_some("its path names no session"),
            Self::UnknownWorkspace => (!route.names_a_workspace()).then_some("its path names no workspace"),
            Self::MalformedBody if route.takes_bytes() => Some("it takes bytes of any kind"),
            Self::MalformedBody | Self::Oversized => {
                route.is_answered_at_the_door().then_some("it is answered before anybody looks at a body")
            }
            Self::WrongTypes => route.wrongs().is_empty().then_some("it reads nothing that could be of a wrong type"),
        };
        reason.map_or(Cell::Asked, Cell::Spared)
    }

    /// The routes that are asked in this way.
    #[must_use]
    pub fn routes(self) -> Vec<Route> {
        super::all().into_iter().filter(|route| self.cell(route) == Cell::Asked).collect()
    }
}
