use std::collections::BTreeSet;

use anyhow::Context;
use http_body_util::Full;
use hyper::{Method, header};
use roost_server::{
    config::TokenSource,
    routes::table::{Gate, Table},
};
use serde_json::Value;

use crate::host::{Host, saying};

/// A path that a pattern is for, naming nothing there is.
fn sample(pattern: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "nothing".to_owned() } else { part.to_owned() };
    pattern.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn is_no_route(status: u16, body: &Value) -> bool {
    status == 404 && body["error"] == "Not found"
}

#[tokio::test]
async fn every_row_of_the_table_is_a_route_and_every_route_is_described() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    let document = client.get("/openapi.json").await?.ok()?;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut ids = BTreeSet::new();
    for route in Table::get().routes() {
        let what = format!("{} {}", route.method, route.pattern);
        let request = client.request(route.method.clone(), &sample(&route.pattern));
        let request = request.header(header::CONTENT_TYPE, "application/json").header(header::ACCEPT, "*/*");
        let answer = client.send(request.body(Full::default())?).await?;
        assert!(!is_no_route(answer.status, &answer.json()), "{what} leads nowhere");

        let operation = &document["paths"][&route.pattern][route.method.as_str().to_lowercase()];
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{what} is not described");
        assert_eq!(operation["x-strict"].as_bool().unwrap_or(false), route.row.gate == Gate::Strict, "{what}");
        let id = operation["operationId"].as_str().context("an operation has an id")?;
        assert!(ids.insert(id.to_owned()), "{what}: {id} is taken");
        let named = operation["parameters"].as_array().context("an operation has parameters")?;
        let named = named.iter().filter(|one| one["in"] == "path");
        let named: Vec<String> = named.map(|one| format!("{{{}}}", one["name"].as_str().unwrap_or("?"))).collect();
        let in_path: Vec<&str> = route.pattern.split('/').filter(|part| part.starts_with('{')).collect();
        assert_eq!(named, in_path, "{what}");
    }
    let described: usize = document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, path)| path.as_object().map_or(0, serde_json::Map::len))
        .sum();
    assert_eq!(described, Table::get().routes().len());
    Ok(())
}

#[tokio::test]
async fn what_stands_in_no_row_is_no_route() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let client = host.client();
    for (method, path) in [
        (Method::GET, "/nothing"),
        (Method::POST, "/health"),
        (Method::PUT, "/session/x/status"),
        (Method::GET, "/session/x/status/more"),
        (Method::DELETE, "/capabilities"),
    ] {
        let answer = client.send(client.request(method.clone(), path).body(Full::default())?).await?;
        assert!(is_no_route(answer.status, &answer.json()), "{method} {path}: {}", answer.text());
    }
    Ok(())
}

/// What `workspace_qualified_rest_core` says.
#[test]
fn whatever_concerns_a_workspace_can_be_asked_of_any() {
    let table = Table::get();
    for route in table.routes() {
        let rest = ["/workspace/{id}/", "/workspace/"].into_iter().find_map(|it| route.pattern.strip_prefix(it));
        let Some(rest) = rest else { continue };
        let twin = format!("/workspaces/{{workspace}}/{rest}");
        assert!(table.has(&route.method, &twin), "{} {} has no twin", route.method, route.pattern);
    }
}

/// Every reference leads somewhere, and every schema has a type or says what else it is.
#[tokio::test]
async fn the_document_holds_what_it_refers_to() -> anyhow::Result<()> {
    let host = Host::start(saying(&[])).await?;
    let document = host.client().get("/openapi.json").await?.ok()?;
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 5, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').context("references stay in the document")?;
        assert!(document.pointer(pointer).is_some_and(Value::is_object), "{reference} leads nowhere");
    }
    let gone = &document["paths"]["/workspaces/{workspace}"]["delete"]["responses"]["200"]["content"];
    let gone = &gone["application/json"]["schema"]["properties"];
    assert!(gone["persistedRegistrationRemoved"].is_object(), "{gone}");
    assert_eq!(gone["activity"], serde_json::json!({"$ref": "#/components/schemas/WorkspaceActivity"}));
    Ok(())
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(reference) if key == "$ref" => drop(references.insert(reference.clone())),
                    other => collect(other, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_strict_rows_and_no_others_are_closed_without_a_token() -> anyhow::Result<()> {
    let host = Host::start_with(saying(&[]), |config| config.token = TokenSource::Off).await?;
    let client = host.client().without_token();
    for route in Table::get().routes() {
        let request = client.request(route.method.clone(), &sample(&route.pattern));
        let answer = client.send(request.body(Full::default())?).await?;
        let is_closed = answer.code().as_deref() == Some("token_required");
        assert_eq!(is_closed, route.row.gate == Gate::Strict, "{} {}: {}", route.method, route.pattern, answer.text());
    }
    Ok(())
}
