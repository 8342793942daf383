//! The description of the daemon's routes as OpenAPI 3.1, made from the table of routes.

use std::sync::LazyLock;

use bytes::Bytes;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::routes::table::{Answer, Gate, Route, Table};

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document(Table::get()).to_string()));

/// What every refusal holds; more members tell more.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "a description; refusals are made by `WireError`")]
struct Error {
    /// One sentence for people.
    error: String,
    /// What a program tells cases apart by: a word, or the number of a JSON-RPC error.
    code: Option<Code>,
}

#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "as above")]
enum Code {
    Word(String),
    Number(i64),
}

/// The document, encoded once.
#[must_use]
pub fn bytes() -> Bytes {
    DOCUMENT.clone()
}

fn document(table: &Table) -> Value {
    let mut settings = SchemaSettings::openapi3();
    // 3.1 speaks JSON Schema as it is.
    settings.transforms.clear();
    settings.meta_schema = None;
    let mut schemas = settings.into_generator();
    let refusal = schemas.subschema_for::<Error>();
    let mut paths = Map::new();
    for route in table.routes() {
        let operations = paths.entry(route.pattern.clone()).or_insert_with(|| json!({}));
        operations[route.method.as_str().to_lowercase()] = operation(route, &mut schemas, refusal.as_value());
    }
    json!({
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
            "schemas": schemas.take_definitions(true),
        },
    })
}

fn operation(route: &Route, schemas: &mut SchemaGenerator, refusal: &Value) -> Value {
    let row = route.row;
    let parameters: Vec<Value> = parameters(&route.pattern)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let json_of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let answer = match row.answer {
        Answer::Nothing => json!({ "description": "Done" }),
        Answer::Json => json!({ "description": "Done", "content": json_of(json!({ "type": "object" })) }),
        Answer::Described(schema) => json!({ "description": "Done", "content": json_of(schema(schemas).to_value()) }),
        Answer::Media(media) => json!({ "description": "Done", "content": { media: {} } }),
    };
    let mut operation = json!({
        "tags": [route.tag],
        "summary": row.summary,
        "operationId": operation_id(route),
        "parameters": parameters,
        "responses": {
            row.status.to_string(): answer,
            "default": { "description": "Refused", "content": json_of(refusal.clone()) },
        },
    });
    if let Some(body) = row.body {
        operation["requestBody"] = json!({ "content": json_of(body(schemas).to_value()) });
    }
    match row.gate {
        Gate::Open => {}
        Gate::Strict => operation["x-strict"] = json!(true),
    }
    operation
}

/// The names in braces.
fn parameters(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// `get /session/{id}/status` is `get_session_id_status`: unlike any other.
fn operation_id(route: &Route) -> String {
    let words = route.pattern.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    format!("{}_{}", route.method.as_str().to_lowercase(), words.join("_"))
}
