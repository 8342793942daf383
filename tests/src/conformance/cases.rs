//! The requests: every route well asked and badly asked.

mod asked;
mod story;

use crate::routes::{self, Names, Route};

/// One request. In paths and bodies words in capitals stand for what the stage has, or has been answered: `SESSION`, `WORKSPACE`…
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: String,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    /// Its answer has no end: only the head is compared.
    pub(super) is_stream: bool,
    pub(super) ends_the_session: bool,
    /// A session it makes is used by later ones.
    pub(super) keeps_its_session: bool,
}

const UNKNOWN_SESSION: &str = "00000000-0000-4000-8000-000000000000";

/// What is Roost's own has nothing to be compared with: parts of paths, and why.
pub(super) const OURS_ALONE: &[(&str, &str)] = &[
    (
        "/auth/exchange",
        "a browser signs in once with a code from the daemon's terminal, and keeps a credential of its own",
    ),
    ("/metrics", "figures in the text format of Prometheus"),
    ("/openapi.json", "the routes described for programs"),
    ("/_meta", "notes that clients keep with a session"),
    ("/acp/restart", "ends the workspace's agent and starts another"),
    ("/workspaces/{workspace}/acp/status", "the plural twin of a singular route"),
    ("/workspaces/{workspace}/acp/preheat", "the plural twin of a singular route"),
    ("/workspaces/{workspace}/auth/", "the plural twins of singular routes"),
];

/// Why there is nothing to compare a route with, if there is not.
pub(super) fn ours_alone(route: &Route) -> Option<&'static str> {
    OURS_ALONE.iter().find(|(part, _)| route.path.contains(part)).map(|(_, why)| *why)
}

pub(super) fn all() -> Vec<Case> {
    let (_, mut cases): (Vec<Case>, Vec<Case>) = single().partition(Case::is_about_providers);
    cases.extend(story::all());
    // What ends things comes last.
    cases.sort_by_key(|case| case.ends_the_session);
    cases
}

/// Asked at the very end: whoever takes such a wish has another model by default from then on.
pub(super) fn of_providers() -> Vec<Case> {
    single().filter(Case::is_about_providers).chain(story::provider()).collect()
}

fn single() -> impl Iterator<Item = Case> {
    let routes = routes::all().into_iter().filter(|route| ours_alone(route).is_none());
    routes.flat_map(|route| of(&route)).chain(asked::all())
}

impl Case {
    fn is_about_providers(&self) -> bool {
        self.path == "/workspace/auth/provider"
    }

    fn new(name: String, method: &'static str, path: String, body: String) -> Self {
        Self {
            name,
            method,
            content_type: if path.contains("/upload") { "application/octet-stream" } else { "application/json" },
            is_stream: path.contains("/events") || (method == "GET" && path.ends_with("/acp")),
            path,
            body,
            headers: Vec::new(),
            ends_the_session: false,
            keeps_its_session: false,
        }
    }

    fn by(mut self, client: &'static str) -> Self {
        self.headers.push(("x-qwen-client-id", client));
        self
    }
}

/// A route as it should be asked, about a session and a workspace nobody knows, with a body that is no JSON or holds nothing, by a
/// client that is none, and with each thing it reads of a wrong type.
fn of(route: &Route) -> Vec<Case> {
    let case = |what: &str, names: Names<'_>, query: &str, body: &str| {
        let name = format!("{} {}: {what}", route.method, route.path);
        Case::new(name, route.method, format!("{}{query}", route.named(names)), body.to_owned())
    };
    // A group is there: what makes one is asked first.
    let other = if route.path.contains("{group}") { "GROUP" } else { "nothing" };
    let own = Names { session: "SESSION", workspace: "WORKSPACE", other };
    let mut cases = vec![Case {
        ends_the_session: route.method == "DELETE" && route.path == "/session/{id}" || route.path.ends_with("/detach"),
        ..case("good", own, "", route.body)
    }];
    if route.is_about_a_session() {
        cases.push(case("unknown session", Names { session: UNKNOWN_SESSION, ..own }, "", route.body));
    }
    if route.names_a_workspace() {
        cases.push(case("unknown workspace", Names { workspace: "%2Fsomewhere%2Felse", ..own }, "", route.body));
    }
    // A second copy of what ends something would find nothing left.
    let is_terminal = route.path.ends_with("/detach") || route.method == "DELETE";
    cases.push(case("malformed", own, "", "{"));
    if route.takes_json() && !is_terminal {
        cases.push(case("an array", own, "", "[]"));
        cases.push(case("no fields", own, "", "{}"));
        cases.push(case("a client id no one can have", own, "", route.body).by("a b"));
        cases.push(case("a client nobody knows", own, "", route.body).by("client_nobody"));
    }
    for wrong in route.wrongs() {
        let body = if route.takes_json() { wrong.body.to_string() } else { String::new() };
        let wrong = case(&wrong.what, own, &wrong.query, &body);
        cases.push(if route.needs_a_client() { wrong.by("CLIENT") } else { wrong });
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_compared_or_is_ours_alone_for_a_reason() {
        let cases: Vec<Case> = all().into_iter().chain(of_providers()).collect();
        let is_compared =
            |route: &Route| cases.iter().any(|case| routes::taken_by(case.method, &case.path).as_ref() == Some(route));
        for route in routes::all() {
            let reason = ours_alone(&route);
            assert_eq!(reason.is_none(), is_compared(&route), "{} {}: {reason:?}", route.method, route.path);
        }
        for (part, why) in OURS_ALONE {
            assert!(routes::all().iter().any(|route| route.path.contains(part)), "{part} is no route: {why}");
        }
    }
}
