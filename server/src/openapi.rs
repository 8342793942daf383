//! The description of the daemon's routes as OpenAPI 3.1, made from the table of routes.

mod refusals;
mod shape;

use std::sync::LazyLock;

use bytes::Bytes;
use roost_core::EventType;
use serde_json::{Map, Value, json};

use self::{
    refusals::{NoStatus, Refusals},
    shape::{Malformed, Member, Members, Shapes},
};
use crate::routes::table::{Answer, Body, Gate, Key, Route, Table};

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let document = document(Table::get()).expect("every row says what can be read, as a test sees");
    Bytes::from(document.to_string())
});

/// Shapes that no row gives and every refusal has, and one that is taken from the vocabulary of events.
const SHARED: &[(&str, &str)] = &[
    (
        "Error",
        "{
            error: string, # one sentence for people
            code?: string | int, # what a program tells cases apart by: a word, or the number of a JSON-RPC error
            *: any
        }",
    ),
    (
        "FileError",
        "{
            errorKind: string, # what a program tells cases apart by
            error: string, hint?: string, # what to do about it
            status: int(400..599), maxBytes?: int,
        }",
    ),
    ("InvalidArtifact", "{ v: 1, error: { code: 'VALIDATION_FAILED', message: string, field?: string } }"),
    ("EventType", "string"),
];

/// The document, encoded once.
#[must_use]
pub fn bytes() -> Bytes {
    DOCUMENT.clone()
}

/// What is wrong with a row.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("{method} {pattern}: {source}")]
    Shape { method: String, pattern: String, source: Malformed },
    #[error("{method} {pattern}: {source}")]
    Refusals { method: String, pattern: String, source: NoStatus },
    #[error("a shape with a name: {0}")]
    Named(#[from] Malformed),
}

fn document(table: &Table) -> Result<Value, Unreadable> {
    let shapes = Shapes::new(Table::shapes().chain(SHARED));
    let mut paths = Map::new();
    for route in table.routes() {
        let operations = paths.entry(route.pattern.clone()).or_insert_with(|| json!({}));
        operations[route.method.as_str().to_lowercase()] = operation(route, &shapes)?;
    }
    let mut schemas = shapes.schemas()?;
    schemas.insert("EventType".to_owned(), event_type());
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Roost",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Coding agents that keep working on a machine, shared over HTTP: serve protocol v1.",
        },
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
        },
    }))
}

fn operation(route: &Route, shapes: &Shapes) -> Result<Value, Unreadable> {
    let row = route.row;
    let malformed = |source| {
        let (method, pattern) = (route.method.to_string(), route.pattern.clone());
        Unreadable::Shape { method, pattern, source }
    };
    let query = shapes.members(row.query).map_err(malformed)?;
    let headers = shapes.members(row.headers).map_err(malformed)?;
    let mut operation = json!({
        "tags": [route.tag],
        "summary": row.summary,
        "operationId": operation_id(route),
        "parameters": parameters(&route.pattern, &query, &headers),
        "responses": responses(route, &answer(row.answer, shapes).map_err(malformed)?)?,
    });
    if let Some(body) = request_body(row.body, shapes).map_err(malformed)? {
        operation["requestBody"] = body;
    }
    match row.key {
        Key::Needed => {}
        Key::Mostly => operation["security"] = json!([{ "bearer": [] }, {}]),
        Key::Never => operation["security"] = json!([]),
    }
    match row.gate {
        Gate::Open => {}
        Gate::Strict => operation["x-strict"] = json!(true),
    }
    Ok(operation)
}

/// By status: the answer, and every refusal.
fn responses(route: &Route, answer: &Value) -> Result<Map<String, Value>, Unreadable> {
    let statuses = [Some(route.row.status), route.row.or_status].into_iter().flatten();
    let mut responses: Map<String, Value> = statuses.map(|status| (status.to_string(), answer.clone())).collect();
    let refusals = Refusals::of(route).map_err(|source| {
        let (method, pattern) = (route.method.to_string(), route.pattern.clone());
        Unreadable::Refusals { method, pattern, source }
    })?;
    responses.extend(refusals.responses());
    Ok(responses)
}

fn request_body(body: Body, shapes: &Shapes) -> Result<Option<Value>, Malformed> {
    Ok(match body {
        Body::None => None,
        Body::Json(shape) => {
            let schema = shapes.read(shape)?.schema();
            let is_required = schema["required"].is_array() || schema["$ref"].is_string();
            Some(json!({"required": is_required, "content": {"application/json": {"schema": schema}}}))
        }
        Body::Media(media_type) => Some(json!({"required": true, "content": {media_type: {}}})),
    })
}

fn answer(answer: Answer, shapes: &Shapes) -> Result<Value, Malformed> {
    let content = match answer {
        Answer::Nothing | Answer::Undescribed => return Ok(json!({"description": "Done"})),
        Answer::Json(shape) => json!({"application/json": {"schema": shapes.read(shape)?.schema()}}),
        Answer::Media([]) => return Ok(json!({"description": "Done"})),
        Answer::Media(types) => types.iter().map(|media_type| ((*media_type).to_owned(), json!({}))).collect(),
    };
    Ok(json!({"description": "Done", "content": content}))
}

fn parameters(pattern: &str, query: &Members, headers: &Members) -> Vec<Value> {
    let in_path = in_path(pattern).map(|name| {
        json!({"name": name, "in": "path", "required": true, "description": what_it_names(pattern, name), "schema": {"type": "string"}})
    });
    let others = [("query", query), ("header", headers)];
    let others =
        others.into_iter().flat_map(|(place, members)| members.named.iter().map(move |it| parameter(it, place)));
    in_path.chain(others).collect()
}

fn parameter(member: &Member, place: &str) -> Value {
    let mut schema = member.schema();
    let note = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
    let mut parameter = json!({"name": member.name, "in": place, "required": !member.is_optional, "schema": schema});
    if let Some(note) = note {
        parameter["description"] = note;
    }
    parameter
}

/// The names in braces.
fn in_path(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn what_it_names(pattern: &str, name: &str) -> &'static str {
    match name {
        "workspace" => "A workspace's id, or its folder's absolute path",
        "id" if pattern.starts_with("/workspace/") => "A workspace's id, or its folder's absolute path",
        "id" | "session" => "A session's id",
        "prompt" => "A prompt's id",
        "message" => "A message's id",
        "request" => "The id of a permission request",
        "group" => "A group's id",
        "tool" => "A tool's name",
        "flow" => "A device flow's id",
        "artifact" => "An artifact's id",
        "registration" => "A workspace's id",
        _ => "A name",
    }
}

/// The types there are so far; a reader must expect others.
fn event_type() -> Value {
    let known: Vec<&str> = EventType::KNOWN.iter().map(EventType::as_str).collect();
    json!({"anyOf": [{"enum": known}, {"type": "string"}], "description": "Others may come"})
}

/// `get /session/{id}/status` is `get_session_id_status`: unlike any other.
fn operation_id(route: &Route) -> String {
    let words = route.pattern.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    format!("{}_{}", route.method.as_str().to_lowercase(), words.join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_and_every_shape_can_be_read() {
        document(Table::get()).unwrap();
    }

    /// Where a row has none yet, whoever writes it has to look at what its handler takes and gives.
    #[test]
    fn every_row_says_what_it_gives() {
        let undescribed = |route: &&Route| route.row.answer == Answer::Undescribed;
        let missing: Vec<String> = Table::get()
            .routes()
            .iter()
            .filter(undescribed)
            .map(|it| format!("{} {}", it.method, it.pattern))
            .collect();
        assert!(missing.is_empty(), "routes/table has no `gives` for {missing:?}");
    }
}
