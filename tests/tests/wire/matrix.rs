//! Every route in every way of being asked badly: the documented answer, and nothing changed.

use std::{collections::BTreeMap, fmt::Write};

use roost_tests::{
    client::Response,
    daemon::{Setup, TOKEN},
    routes::{self, Cell, Column, Names, Refusal, Route},
    source,
};
use serde_json::{Value, json};

use crate::stage::{Stage, body_of, send, status_of};

/// Largest body, and largest upload, in bytes.
const MOST: usize = 10 * 1024 * 1024;
const MOST_UPLOADED: usize = 50 * 1024 * 1024;

const UNKNOWN_SESSION: &str = "00000000-0000-4000-8000-000000000000";

/// What the routes of a column answered otherwise than they should.
#[derive(Debug, Default)]
struct Findings {
    asked: usize,
    wrong: Vec<String>,
}

impl Findings {
    fn expect(&mut self, asked: &str, seen: (u16, &str), wanted: (u16, &str)) {
        self.asked += 1;
        if seen != wanted {
            self.wrong.push(format!("{asked}: {} {:.200} instead of {} {}", seen.0, seen.1, wanted.0, wanted.1));
        }
    }

    /// Fails with all of them, or when fewer requests were made than there are routes to ask.
    fn report(self, column: Column) -> anyhow::Result<()> {
        let Self { asked, wrong } = self;
        anyhow::ensure!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
        anyhow::ensure!(asked >= column.routes().len(), "{asked} requests for {} routes", column.routes().len());
        Ok(())
    }
}

#[test]
fn every_route_stands_in_every_column_or_it_is_said_why_it_cannot() {
    let mut spared: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    let mut asked = 0;
    for column in Column::ALL {
        for route in routes::all() {
            match column.cell(&route) {
                Cell::Asked => asked += 1,
                Cell::Spared(why) => {
                    let name = format!("{} {}", route.method, route.path);
                    spared.entry((format!("{column:?}"), why)).or_default().push(name);
                }
            }
        }
    }
    let mut table = String::new();
    for ((column, why), routes) in &spared {
        writeln!(table, "{column}: {} are not asked, because {why}", routes.len()).expect("a String takes every write");
    }
    println!("{asked} cells are asked\n{table}");
    let spared_in = |column: Column| -> Vec<&str> {
        let column = format!("{column:?}");
        let of_column = spared.iter().filter(|((name, _), _)| *name == column);
        of_column.flat_map(|(_, routes)| routes.iter().map(String::as_str)).collect()
    };
    let uploads = ["POST /file/upload", "POST /workspaces/{workspace}/file/upload"];
    assert_eq!(spared_in(Column::NoToken), ["GET /health", "POST /auth/exchange"]);
    assert_eq!(spared_in(Column::WrongToken), ["GET /health", "POST /auth/exchange"]);
    assert_eq!(spared_in(Column::ForeignHost), [""; 0]);
    assert_eq!(spared_in(Column::ForeignOrigin), [""; 0]);
    assert_eq!(spared_in(Column::MalformedBody), ["GET /health", uploads[0], uploads[1]]);
    assert_eq!(spared_in(Column::Oversized), ["GET /health"]);
    for name in spared_in(Column::UnknownSession) {
        assert!(!name.contains("/session/{"), "{name} names a session");
    }
    for name in spared_in(Column::UnknownWorkspace) {
        assert!(!name.contains("{workspace}") && !name.contains("/workspace/{"), "{name} names a workspace");
    }
}

#[test]
fn every_body_and_query_is_declared() -> anyhow::Result<()> {
    let undeclared = routes::undeclared();
    assert!(undeclared.is_empty(), "{undeclared:#?}\n→ say in tests/src/routes/bodies.rs what each reads of its body");
    // What the sources of the routes read by name has to be a name of the lists.
    let known = routes::names_read();
    let words = [
        "body.get(\"",
        "body.shift_remove(\"",
        "body.contains_key(\"",
        "query.get(\"",
        "query.flag(\"",
        "query.required(\"",
    ];
    let mut unknown = Vec::new();
    for source in source::rust(&["server"])?.iter().filter(|source| source.path.starts_with("server/src/routes")) {
        for word in words {
            let read = source.text.match_indices(word).filter_map(|(at, word)| {
                let name = source.text[at + word.len()..].split('"').next()?;
                (!known.contains(&name)).then(|| format!("{}: {name}", source.path))
            });
            unknown.extend(read);
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}\n→ declare them in tests/src/routes/bodies.rs or queries.rs");
    Ok(())
}

#[tokio::test]
async fn the_daemon_describes_the_routes_that_are_tried_here_and_no_others() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let description = daemon.client()?.get("/openapi.json").await?.ok()?;
    let verbs = ["get", "post", "put", "patch", "delete"];
    let of_path = |(path, item): (&String, &Value)| {
        let served: Vec<_> = verbs.iter().filter(|verb| item.get(verb).is_some()).collect();
        served.into_iter().map(|verb| format!("{} {path}", verb.to_uppercase())).collect::<Vec<_>>()
    };
    let mut described: Vec<String> = description["paths"].as_object().into_iter().flatten().flat_map(of_path).collect();
    let mut tried: Vec<String> = routes::all().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    described.sort();
    tried.sort();
    let only = |left: &[String], right: &[String]| -> Vec<String> {
        left.iter().filter(|route| !right.contains(route)).cloned().collect()
    };
    assert_eq!((only(&described, &tried), only(&tried, &described)), (vec![], vec![]), "(only there, only here)");
    Ok(())
}

/// Every route of a column with each of these values of a header instead of the client's own; `{port}` is the daemon's.
async fn ask_with(column: Column, header: &str, values: &[&str], wanted: (u16, &str)) -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.settled().await?;
    let mut findings = Findings::default();
    for route in column.routes() {
        let path = stage.named(&route);
        for value in values {
            let value = value.replace("{port}", &stage.daemon.address().port().to_string());
            let answer = stage.raw(route.method, &path, &[(header, &value)], route.body).await?;
            let asked = format!("{} {path} with {header} «{value}»", route.method);
            let status = status_of(&answer).parse().unwrap_or_default();
            findings.expect(&asked, (status, body_of(&answer)), wanted);
            let head = answer.to_lowercase();
            assert!(!head.contains("www-authenticate") && !head.contains("access-control-allow"), "{asked}: {answer}");
            assert_eq!(column == Column::ForeignOrigin, head.contains("vary: origin"), "{asked}: {answer}");
        }
    }
    findings.report(column)?;
    stage.expect_untouched(&before).await
}

#[tokio::test]
async fn without_a_token_nothing_is_answered_and_nothing_done() -> anyhow::Result<()> {
    ask_with(Column::NoToken, "Authorization", &[""], (401, r#"{"error":"Unauthorized"}"#)).await
}

#[tokio::test]
async fn with_a_wrong_token_nothing_is_answered_and_nothing_done() -> anyhow::Result<()> {
    let (tab, longer) = (format!("Bearer\t{TOKEN}"), format!("Bearer {TOKEN}x"));
    let credentials = ["Bearer wrong", "Bearer ", "Basic dXNlcjpwYXNz", &tab, &longer];
    ask_with(Column::WrongToken, "Authorization", &credentials, (401, r#"{"error":"Unauthorized"}"#)).await
}

#[tokio::test]
async fn a_foreign_host_is_refused_on_every_route_before_anything_else() -> anyhow::Result<()> {
    let near = ["evil.test:{port}", "127.0.0.1.evil.test:{port}", "localhost.:{port}", "127.0.0.1:1", "127.0.0.1"];
    let hosts: Vec<&str> = near.into_iter().chain(["evil.test"]).collect();
    ask_with(Column::ForeignHost, "Host", &hosts, (403, r#"{"error":"Invalid Host header"}"#)).await
}

#[tokio::test]
async fn a_foreign_origin_is_refused_on_every_route() -> anyhow::Result<()> {
    let origins = ["https://evil.test", "http://evil.test:{port}", "null", "http://127.0.0.1:1"];
    ask_with(Column::ForeignOrigin, "Origin", &origins, (403, r#"{"error":"Request denied by CORS policy"}"#)).await
}

#[tokio::test]
async fn an_unknown_session_is_named_in_a_404() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.settled().await?;
    let mut findings = Findings::default();
    let wanted = json!({
        "error": format!("No session with id \"{UNKNOWN_SESSION}\""),
        "code": "session_not_found",
        "sessionId": UNKNOWN_SESSION,
    });
    for route in Column::UnknownSession.routes() {
        let path = route.named(Names { session: UNKNOWN_SESSION, workspace: &stage.workspace, other: "nothing" });
        let answer = send(&stage.client, &route, &path, route.body.to_owned()).await?;
        let asked = format!("{} {path}", route.method);
        // Whoever leaves a session that is not there has left it.
        let wanted = if path.ends_with("/detach") { (204, "null") } else { (404, &*wanted.to_string()) };
        findings.expect(&asked, (answer.status, &answer.json().to_string()), wanted);
    }
    findings.report(Column::UnknownSession)?;
    for id in ["..%2F..%2Fetc", "%00", "a%20b", &"x".repeat(4_000)] {
        let answer = stage.client.post(&format!("/session/{id}/load"), &json!({})).await?;
        assert!(matches!(answer.status, 400 | 404 | 414), "{id}: {}", answer.text());
    }
    stage.expect_untouched(&before).await
}

#[tokio::test]
async fn an_unknown_workspace_is_named_in_a_400() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.settled().await?;
    let mut findings = Findings::default();
    for route in Column::UnknownWorkspace.routes() {
        let path = route.named(Names { session: &stage.session, workspace: "%2Fsomewhere%2Felse", other: "nothing" });
        let answer = send(&stage.client, &route, &path, route.body.to_owned()).await?;
        let body = answer.json();
        let seen = format!("{} {}", body["code"], body["requestedWorkspace"]);
        let asked = format!("{} {path}", route.method);
        findings.expect(&asked, (answer.status, &seen), (400, r#""workspace_mismatch" "/somewhere/else""#));
    }
    findings.report(Column::UnknownWorkspace)?;
    stage.expect_untouched(&before).await
}

#[tokio::test]
async fn a_malformed_body_is_refused_before_the_handler() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.settled().await?;
    let mut findings = Findings::default();
    for route in Column::MalformedBody.routes() {
        let path = stage.named(&route);
        for body in ["{", "{\"a\":}", "\"unclosed", "{}x"] {
            let answer = send(&stage.client, &route, &path, body.to_owned()).await?;
            let asked = format!("{} {path} with {body}", route.method);
            findings.expect(
                &asked,
                (answer.status, &answer.text()),
                (400, r#"{"error":"Invalid JSON in request body"}"#),
            );
        }
    }
    findings.report(Column::MalformedBody)?;
    stage.expect_untouched(&before).await
}

#[tokio::test]
async fn an_oversized_body_is_refused_before_the_handler() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.settled().await?;
    let mut findings = Findings::default();
    let oversized = format!(r#"{{"x":"{}"}}"#, "x".repeat(MOST));
    let json = r#"{"error":"Request body too large (max 10 MB)"}"#;
    for route in Column::Oversized.routes() {
        let path = stage.named(&route);
        if route.takes_bytes() {
            let upload = format!("{path}?path=large.bin");
            let answer = send(&stage.client, &route, &upload, "x".repeat(MOST_UPLOADED + 1)).await?;
            let kind = answer.json()["errorKind"].as_str().unwrap_or_default().to_owned();
            findings.expect(&format!("{} {path}", route.method), (answer.status, &kind), (413, "file_too_large"));
            continue;
        }
        let answer = send(&stage.client, &route, &path, oversized.clone()).await?;
        findings.expect(&format!("{} {path}", route.method), (answer.status, &answer.text()), (413, json));
    }
    findings.report(Column::Oversized)?;
    stage.expect_untouched(&before).await
}

#[tokio::test]
async fn whatever_is_of_a_wrong_type_or_out_of_bounds_is_refused_and_changes_nothing() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.settled().await?;
    let mut findings = Findings::default();
    for route in Column::WrongTypes.routes() {
        for wrong in route.wrongs() {
            let path = format!("{}{}", stage.named(&route), wrong.query);
            let body = if route.takes_json() { wrong.body.to_string() } else { String::new() };
            let answer = send(&stage.client, &route, &path, body).await?;
            let asked = format!("{} {}: {}", route.method, route.path, wrong.what);
            findings.expect(&asked, (answer.status, &refusal_of(&answer)), (400, &sentence(&route, wrong.refusal)));
        }
    }
    findings.report(Column::WrongTypes)?;
    stage.expect_untouched(&before).await
}

/// How a refusal of this route looks: what it is called, and that it says something.
fn sentence(route: &Route, refusal: Refusal) -> String {
    match refusal {
        // One route serves any workspace, and knows no user's scope there.
        Refusal::Coded("invalid_scope") if route.path == "/workspaces/{workspace}/permissions" => {
            "global_scope_not_supported_for_workspace_route, and a reason".to_owned()
        }
        Refusal::Coded(code) => format!("{code}, and a reason"),
        Refusal::Plain => "no code, and a reason".to_owned(),
        Refusal::File => "parse_error in the envelope of files, and a reason".to_owned(),
        Refusal::Rpc => "-32600 of JSON-RPC, and a reason".to_owned(),
        Refusal::Artifact => "VALIDATION_FAILED in the form of artifacts, and a reason".to_owned(),
    }
}

fn refusal_of(answer: &Response) -> String {
    let body = answer.json();
    let (error, said) = match &body["error"] {
        Value::Object(error) if body["v"] == 1 => {
            let code = error["code"].as_str().unwrap_or_default();
            (format!("{code} in the form of artifacts"), error["message"].clone())
        }
        Value::Object(error) => (format!("{} of JSON-RPC", error["code"]), error["message"].clone()),
        said => match (&body["errorKind"], &body["code"]) {
            (Value::String(kind), Value::Null) if body["status"] == answer.status => {
                (format!("{kind} in the envelope of files"), said.clone())
            }
            (_, Value::String(code)) => (code.clone(), said.clone()),
            (_, Value::Null) => ("no code".to_owned(), said.clone()),
            (_, other) => (other.to_string(), said.clone()),
        },
    };
    let has_reason = said.as_str().is_some_and(|said| !said.is_empty());
    if has_reason { format!("{error}, and a reason") } else { format!("{error}, and no reason: {}", answer.text()) }
}

#[tokio::test]
async fn a_shell_that_is_off_says_so_whatever_it_is_asked() -> anyhow::Result<()> {
    let stage = Stage::set_with(Setup::new()).await?;
    let before = stage.settled().await?;
    let shell = routes::taken_by("POST", "/session/s/shell").expect("there is such a route");
    let unknown = format!("/session/{UNKNOWN_SESSION}/shell");
    let own = stage.named(&shell);
    for (path, body) in [(&own, "{"), (&own, r#"{"command":7}"#), (&own, r#"{"command":"touch x"}"#), (&unknown, "{}")]
    {
        let answer = send(&stage.client, &shell, path, body.to_owned()).await?;
        assert_eq!((answer.status, answer.code().as_deref()), (403, Some("session_shell_disabled")), "{path} {body}");
    }
    stage.expect_untouched(&before).await
}

#[tokio::test]
async fn bytes_are_taken_for_an_upload_when_they_are_declared_as_such() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let before = stage.settled().await?;
    for path in ["/file/upload?path=new.bin", "/workspaces/{workspace}/file/upload?path=new.bin"] {
        for kind in ["application/json", "text/plain", ""] {
            let answer = stage.raw("POST", path, &[("Content-Type", kind)], "{}").await?;
            assert_eq!(status_of(&answer), "415", "{path} as «{kind}»: {answer}");
            assert!(body_of(&answer).contains("unsupported_media_type"), "{answer}");
        }
    }
    stage.expect_untouched(&before).await
}
