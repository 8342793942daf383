//! The one table of routes: what there is, who may, and what it is about.
//!
//! A new route needs a row here. What stands in no row is answered 404, whatever else the router knows; so the names in the log and the
//! metrics, the strict gate and the description at `/openapi.json` can miss none.

mod daemon;
mod files;
mod sessions;
mod workspaces;

use std::sync::LazyLock;

use http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// One route.
#[derive(Clone, Debug)]
pub struct Row {
    verb: Verb,
    pattern: &'static str,
    twin: Twin,
    pub gate: Gate,
    /// One sentence for people.
    pub summary: &'static str,
    /// The status of an answer that went well.
    pub status: u16,
    pub body: Option<SchemaOf>,
    pub answer: Answer,
}

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

#[derive(Clone, Copy, Debug)]
enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Who may, beside those with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Whoever is let in.
    Open,
    /// Nobody without a token (http.md §1.3).
    Strict,
}

/// Whether the same route exists for any workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Twin {
    None,
    /// Under `/workspaces/{workspace}`, too.
    Plural,
}

/// What an answer that went well holds.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Nothing,
    /// JSON nobody has described yet.
    Json,
    Described(SchemaOf),
    /// Something else than JSON.
    Media(&'static str),
}

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
    ("Turns", sessions::TURNS),
    ("Order and archive", sessions::ORDER),
    ("Workspaces", workspaces::WORKSPACES),
    ("Workspace settings and status", workspaces::CONTROLS),
    ("Sign-in at providers", workspaces::AUTH),
    ("Agent Client Protocol", workspaces::ACP),
    ("Files", files::ROWS),
];

impl Row {
    const fn new(verb: Verb, pattern: &'static str, summary: &'static str) -> Self {
        let (twin, gate, body) = (Twin::None, Gate::Open, None);
        Self { verb, pattern, twin, gate, summary, status: 200, body, answer: Answer::Json }
    }

    /// Closed to those without a token.
    const fn strict(mut self) -> Self {
        self.gate = Gate::Strict;
        self
    }

    /// Exists under `/workspaces/{workspace}`, too.
    const fn plural(mut self) -> Self {
        self.twin = Twin::Plural;
        self
    }

    const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// 204.
    const fn empty(mut self) -> Self {
        self.answer = Answer::Nothing;
        self.status(204)
    }

    const fn media(mut self, media_type: &'static str) -> Self {
        self.answer = Answer::Media(media_type);
        self
    }

    const fn gives<T: JsonSchema>(mut self) -> Self {
        self.answer = Answer::Described(SchemaGenerator::subschema_for::<T>);
        self
    }

    const fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    fn method(&self) -> Method {
        match self.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Patch => Method::PATCH,
            Verb::Delete => Method::DELETE,
        }
    }

    /// Its paths: its own, and the one for any workspace.
    fn patterns(&self) -> Vec<String> {
        let own = self.pattern.to_owned();
        match self.twin {
            Twin::None => vec![own],
            Twin::Plural => {
                let rest = ["/workspace/{id}/", "/workspace/", "/"].into_iter().find_map(|it| own.strip_prefix(it));
                let rest = rest.unwrap_or(&own).replace("{id}", "{session}");
                vec![format!("/workspaces/{{workspace}}/{rest}"), own]
            }
        }
    }
}

const fn get(pattern: &'static str, summary: &'static str) -> Row {
    Row::new(Verb::Get, pattern, summary)
}

const fn post(pattern: &'static str, summary: &'static str) -> Row {
    Row::new(Verb::Post, pattern, summary)
}

const fn put(pattern: &'static str, summary: &'static str) -> Row {
    Row::new(Verb::Put, pattern, summary)
}

const fn patch(pattern: &'static str, summary: &'static str) -> Row {
    Row::new(Verb::Patch, pattern, summary)
}

const fn delete(pattern: &'static str, summary: &'static str) -> Row {
    Row::new(Verb::Delete, pattern, summary)
}

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

    /// The session that `path` names, if this route's paths do.
    #[must_use]
    pub fn session<'a>(&self, path: &'a str) -> Option<&'a str> {
        let pattern = self.route()?;
        let wanted = if pattern.starts_with("/session/{id}") { "{id}" } else { "{session}" };
        let at = pattern.split('/').position(|part| part == wanted)?;
        path.split('/').nth(at)
    }
}
