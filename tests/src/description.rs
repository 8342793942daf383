//! `/openapi.json`, held against what a daemon was asked and what it answered.
//!
//! The description leaves room for members that come later. Here there is none: an answer with a member that is not described is as
//! wrong as one without a member that is.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use anyhow::{Context, bail};
use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::client::{Client, record::Exchange};

/// The name under which the validator knows the document.
const DOCUMENT: &str = "mem://roost/openapi.json";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What the daemon says of its routes.
pub struct Description {
    document: Value,
    compiler: Compiler,
    schemas: Schemas,
    compiled: BTreeMap<String, SchemaIndex>,
    seen: BTreeSet<Seen>,
}

/// Which answer of which route came up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    route: String,
    is_refusal: bool,
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description").field("seen", &self.seen.len()).finish_non_exhaustive()
    }
}

/// A place in the document, from the operation on.
type Place<'a> = &'a [&'a str];

impl Description {
    /// Asks the daemon for it.
    pub async fn of(client: &Client) -> anyhow::Result<Self> {
        let mut document = client.get("/openapi.json").await?.ok()?;
        close(&mut document);
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        compiler.add_resource(DOCUMENT, document.clone()).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(Self { document, compiler, schemas: Schemas::new(), compiled: BTreeMap::new(), seen: BTreeSet::new() })
    }

    /// Holds an exchange against it.
    ///
    /// # Errors
    /// What is not as described, in words.
    pub fn check(&mut self, exchange: &Exchange) -> anyhow::Result<()> {
        let Exchange { method, target, response, .. } = exchange;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let method = method.as_str().to_lowercase();
        let Some(pattern) = self.pattern(&method, path) else {
            return if response.status == 404 { Ok(()) } else { bail!("there is no such route, and yet an answer") };
        };
        let status = response.status.to_string();
        let is_refusal = response.status >= 400;
        let described = self.at(&pattern, &method, &["responses", &status]);
        let described = described.with_context(|| format!("{method} {pattern} gives no {status}"))?.clone();
        self.check_answer(&pattern, &method, &status, &described, exchange)
            .with_context(|| format!("{method} {pattern} {status}: {}", cut(&response.text())))?;
        if !is_refusal {
            self.check_query(&pattern, &method, query)?;
            self.check_request(&pattern, &method, exchange)
                .with_context(|| format!("the body of {method} {pattern}"))?;
        }
        self.seen.insert(Seen { route: format!("{method} {pattern}"), is_refusal });
        Ok(())
    }

    /// Routes of which no answer of this kind was held against the description.
    #[must_use]
    pub fn unseen(&self, is_refusal: bool) -> Vec<String> {
        let routes = self.document["paths"].as_object().into_iter().flatten().flat_map(|(pattern, operations)| {
            let methods = operations.as_object().into_iter().flatten();
            methods.map(move |(method, _)| format!("{method} {pattern}"))
        });
        let missing = |route: &String| !self.seen.contains(&Seen { route: route.clone(), is_refusal });
        routes.filter(missing).collect()
    }

    fn check_answer(
        &mut self,
        pattern: &str,
        method: &str,
        status: &str,
        described: &Value,
        exchange: &Exchange,
    ) -> anyhow::Result<()> {
        let response = &exchange.response;
        let Some(content) = described["content"].as_object() else {
            anyhow::ensure!(response.body.is_empty(), "there is a body, and none is described");
            return Ok(());
        };
        let media_type = response.header("content-type").unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        // Whether there is a stream or a receipt depends on the message.
        if response.body.is_empty() && response.status == 202 {
            return Ok(());
        }
        let Some(media) = content.get(&essence) else {
            bail!("`{media_type}` is not among the types that are described")
        };
        if media["schema"].is_object() {
            let body: Value = serde_json::from_slice(&response.body).context("this is no JSON")?;
            self.validate(pattern, method, &["responses", status, "content", &essence, "schema"], &body)?;
        }
        Ok(())
    }

    fn check_query(&mut self, pattern: &str, method: &str, query: &str) -> anyhow::Result<()> {
        let named = self.at(pattern, method, &["parameters"]).and_then(Value::as_array).cloned().unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let at = named.iter().position(|it| it["in"] == "query" && it["name"] == *name);
            let at = at.with_context(|| format!("{method} {pattern} reads no `{name}`"))?.to_string();
            let number = value.parse::<i64>().ok().map(Value::from);
            let text = Value::from(value.as_ref());
            let as_text = self.validate(pattern, method, &["parameters", &at, "schema"], &text);
            if let Err(error) = as_text {
                let number = number.with_context(|| format!("{method} {pattern} `{name}`: {error}"))?;
                self.validate(pattern, method, &["parameters", &at, "schema"], &number)?;
            }
        }
        Ok(())
    }

    fn check_request(&mut self, pattern: &str, method: &str, exchange: &Exchange) -> anyhow::Result<()> {
        let is_read = self.at(pattern, method, &["requestBody", "content", "application/json"]).is_some();
        let is_json = exchange.content_type.starts_with("application/json");
        if !is_read || !is_json || exchange.body.is_empty() {
            return Ok(());
        }
        let body: Value = serde_json::from_slice(&exchange.body)?;
        // What is no object reads as the empty one.
        let body = if body.is_object() { body } else { Value::Object(serde_json::Map::new()) };
        self.validate(pattern, method, &["requestBody", "content", "application/json", "schema"], &body)
    }

    fn validate(&mut self, pattern: &str, method: &str, place: Place<'_>, value: &Value) -> anyhow::Result<()> {
        let pointer: String = ["paths", pattern, method].iter().chain(place).map(|part| escaped(part)).collect();
        let schema = match self.compiled.get(&pointer) {
            Some(schema) => *schema,
            None => {
                let url = format!("{DOCUMENT}#{pointer}");
                let compiled = self.compiler.compile(&url, &mut self.schemas);
                let compiled = compiled.map_err(|error| anyhow::anyhow!("{pointer} is no schema: {error:#}"))?;
                self.compiled.insert(pointer, compiled);
                compiled
            }
        };
        self.schemas.validate(value, schema).map_err(|error| anyhow::anyhow!("{error:#}"))
    }

    fn at(&self, pattern: &str, method: &str, place: Place<'_>) -> Option<&Value> {
        place.iter().try_fold(&self.document["paths"][pattern][method], |value, part| value.get(part))
    }

    /// The pattern that a path is for: of several the one that says most.
    fn pattern(&self, method: &str, path: &str) -> Option<String> {
        let fits = |pattern: &str| {
            let (parts, wanted): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), pattern.split('/').collect());
            parts.len() == wanted.len()
                && parts
                    .iter()
                    .zip(&wanted)
                    .all(|(part, wanted)| part == wanted || wanted.starts_with('{') && !part.is_empty())
        };
        let patterns = self.document["paths"].as_object()?.iter();
        let fitting = patterns.filter(|(pattern, operations)| operations[method].is_object() && fits(pattern));
        fitting.min_by_key(|(pattern, _)| pattern.matches('{').count()).map(|(pattern, _)| pattern.clone())
    }

    /// Every schema of the document, by its pointer.
    ///
    /// # Errors
    /// The first that is none.
    pub fn compile_all(&mut self) -> anyhow::Result<usize> {
        let mut found = Vec::new();
        for (name, _) in self.document["components"]["schemas"].as_object().into_iter().flatten() {
            found.push(format!("{}{}{}", escaped("components"), escaped("schemas"), escaped(name)));
        }
        for (pattern, operations) in self.document["paths"].as_object().into_iter().flatten() {
            for method in METHODS {
                schemas_in(&operations[method], &format!("/paths{}/{method}", escaped(pattern)), &mut found);
            }
        }
        for pointer in &found {
            let compiled = self.compiler.compile(&format!("{DOCUMENT}#{pointer}"), &mut self.schemas);
            compiled.map_err(|error| anyhow::anyhow!("{pointer} is no schema: {error:#}"))?;
        }
        Ok(found.len())
    }
}

fn schemas_in(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let pointer = format!("{pointer}{}", escaped(name));
                if name == "schema" { found.push(pointer) } else { schemas_in(member, &pointer, found) }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                schemas_in(item, &format!("{pointer}/{at}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Nothing may be in an object but what is described.
fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            let is_object = members.get("type").is_some_and(|kind| kind == "object");
            if is_object && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".to_owned(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A part of a JSON pointer in a URL's fragment.
fn escaped(part: &str) -> String {
    let part = part.replace('~', "~0").replace('/', "~1").replace('{', "%7B").replace('}', "%7D");
    format!("/{part}")
}

fn cut(text: &str) -> String {
    text.chars().take(600).collect()
}
