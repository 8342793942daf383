//! The one table of routes: what there is, who may, and what it is about.
//!
//! A new route needs a row here. What stands in no row is answered 404, whatever else the router knows; so the names in the log and the
//! metrics, the strict gate and the description at `/openapi.json` can miss none.

mod acp;
mod artifacts;
mod controls;
mod daemon;
mod files;
mod git;
mod order;
mod refusals;
mod row;
mod sessions;
mod sign_in;
mod turns;
mod workspaces;

use std::sync::LazyLock;

use http::Method;

pub use self::row::{Answer, Body, Gate, Key, Row, Trust};

/// A route under one of its paths.
#[derive(Clone, Debug)]
pub struct Route {
    pub method: Method,
    pub pattern: String,
    /// What it belongs to.
    pub tag: &'static str,
    pub row: &'static Row,
}

/// Every route there is.
#[derive(Debug)]
pub struct Table {
    routes: Vec<Route>,
    /// By path, which methods lead to which route.
    paths: matchit::Router<Vec<usize>>,
}

/// Which route a request took.
#[derive(Clone, Copy, Debug)]
pub struct Taken(Option<usize>);

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// All rows, by what they belong to.
const ALL: &[(&str, &[Row])] = &[
    ("Daemon", daemon::ROWS),
    ("Sessions", sessions::SESSIONS),
    ("Artifacts", artifacts::ROWS),
    ("Turns", turns::TURNS),
    ("Order and archive", order::ORDER),
    ("Workspaces", workspaces::WORKSPACES),
    ("Workspace settings and status", controls::CONTROLS),
    ("Git", git::GIT_ROWS),
    ("Sign-in at providers", sign_in::AUTH),
    ("Agent Client Protocol", acp::ACP),
    ("Files", files::ROWS),
];

/// The shapes they name.
const SHAPES: &[&[(&str, &str)]] = &[
    daemon::SHAPES,
    sessions::SHAPES,
    artifacts::SHAPES,
    turns::SHAPES,
    order::SHAPES,
    workspaces::SHAPES,
    controls::SHAPES,
    git::SHAPES,
    sign_in::SHAPES,
    acp::SHAPES,
    files::SHAPES,
];

impl Table {
    /// The table.
    #[must_use]
    pub fn get() -> &'static Self {
        &TABLE
    }

    fn new() -> Self {
        let mut routes = Vec::new();
        for (tag, rows) in ALL {
            for row in *rows {
                let route = |pattern| Route { method: row.method(), pattern, tag, row };
                routes.extend(row.patterns().into_iter().map(route));
            }
        }
        let mut paths = matchit::Router::new();
        let mut patterns: Vec<&str> = routes.iter().map(|route: &Route| route.pattern.as_str()).collect();
        patterns.sort_unstable();
        patterns.dedup();
        for pattern in patterns {
            let under = routes.iter().enumerate().filter(|(_, route)| route.pattern == pattern);
            let under = under.map(|(at, _)| at).collect();
            paths.insert(pattern, under).expect("no two patterns are for the same paths, as a test sees");
        }
        Self { routes, paths }
    }

    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The shapes that rows name, and what they look like.
    pub fn shapes() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        SHAPES.iter().copied().flatten()
    }

    /// The route that takes a request. A HEAD takes that of a GET. None when the path is no route's; [`Taken::NONE`] when only the
    /// method is none.
    #[must_use]
    pub fn take(&self, method: &Method, path: &str) -> Option<Taken> {
        let under = self.paths.at(path).ok()?.value;
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        Some(Taken(under.iter().copied().find(|at| self.routes[*at].method == *wanted)))
    }

    /// Whether there is such a route.
    #[must_use]
    pub fn has(&self, method: &Method, pattern: &str) -> bool {
        self.routes.iter().any(|route| route.method == *method && route.pattern == pattern)
    }

    /// Whether a route is closed to those without a token.
    #[must_use]
    pub fn is_strict(&self, method: &Method, pattern: &str) -> bool {
        let found = self.routes.iter().find(|route| route.method == *method && route.pattern == pattern);
        found.is_some_and(|route| route.row.gate == Gate::Strict)
    }
}

impl Taken {
    /// No route: the page, or nothing at all.
    pub const NONE: Self = Self(None);

    /// The place of the route in [`Table::routes`].
    #[must_use]
    pub fn index(self) -> Option<usize> {
        self.0
    }

    /// The route's pattern.
    #[must_use]
    pub fn route(&self) -> Option<&'static str> {
        self.0.and_then(|at| Table::get().routes.get(at)).map(|route| route.pattern.as_str())
    }

    /// Whether the route is one that the strict gate may close.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        let route = self.0.and_then(|at| Table::get().routes.get(at));
        route.is_some_and(|route| route.row.gate == Gate::Strict)
    }

    /// The session that `path` names, if this route's paths do.
    #[must_use]
    pub fn session<'a>(&self, path: &'a str) -> Option<&'a str> {
        let pattern = self.route()?;
        let wanted = if pattern.starts_with("/session/{id}") { "{id}" } else { "{session}" };
        let at = pattern.split('/').position(|part| part == wanted)?;
        path.split('/').nth(at)
    }
}
