//! The words in the source against the words in the description.

use roost_tests::{daemon::Setup, source};
use serde_json::Value;

/// Words by which a program tells refusals apart, as the source has them and as the description has them.
#[tokio::test]
async fn every_code_of_a_refusal_is_described_and_no_other() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let document = daemon.client()?.get("/openapi.json").await?.text();
    let mut missing = Vec::new();
    for file in source::rust(&["server"])?.iter().filter(|file| file.path.starts_with("server/src/")) {
        for code in file.text.split(".code(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            if !document.contains(&format!("\"{code}\"")) {
                missing.push(format!("{}: {code}", file.path));
            }
        }
    }
    assert!(missing.is_empty(), "routes/table says nothing of {missing:#?}");
    let document: Value = serde_json::from_str(&document)?;
    let sources: String = source::rust(&["server", "core"])?
        .into_iter()
        .filter(|file| !file.path.contains("/routes/table") && !file.path.contains("/tests"))
        .map(|file| file.text)
        .collect();
    let mut described = Vec::new();
    let operations =
        document["paths"].as_object().into_iter().flatten().filter_map(|(_, path)| path.as_object()).flatten();
    for (_, operation) in operations {
        let responses = operation["responses"].as_object().into_iter().flatten();
        responses.filter(|(status, _)| status.starts_with(['4', '5'])).for_each(|(_, it)| codes(it, &mut described));
    }
    described.retain(|code| !sources.contains(&format!("\"{code}\"")));
    described.sort();
    described.dedup();
    assert!(described.is_empty(), "nothing refuses with {described:?}");
    Ok(())
}

fn codes(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for name in ["code", "errorKind"] {
                let listed = members.get("properties").and_then(|properties| properties[name]["enum"].as_array());
                found.extend(listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
            }
            members.values().for_each(|member| codes(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| codes(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What a handler looks up in a body or a query, it looks up by name; the name has to be in what its routes say they take.
#[tokio::test]
async fn every_member_that_a_handler_reads_is_described() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    let document = daemon.client()?.get("/openapi.json").await?.ok()?;
    let mut taken = Vec::new();
    names_taken(&document, &document["paths"], &mut taken);
    let lookups =
        ["body.get(\"", "body.shift_remove(\"", "query.get(\"", "query.required(\"", "query.flag(\"", "members.get(\""];
    let helpers =
        ["text(&body, \"", "named(&body, \"", "self.number(\"", "named(\"", "number(\"", "tokens(\"", "flag(\""];
    let mut missing = Vec::new();
    let mut looked = 0;
    for file in source::rust(&["server"])? {
        if !file.path.starts_with("server/src/routes/") && file.path != "server/src/providers/wish.rs"
            || file.path.contains("/table")
        {
            continue;
        }
        for lookup in lookups.iter().chain(&helpers) {
            for name in file.text.split(lookup).skip(1).filter_map(|rest| rest.split('"').next()) {
                looked += 1;
                if !taken.iter().any(|taken| taken == name) {
                    missing.push(format!("{}: {name}", file.path));
                }
            }
        }
    }
    assert!(looked > 80, "handlers were seen to look up {looked} members only: they do it in another way now");
    assert!(missing.is_empty(), "routes/table says nothing of {missing:#?}");
    Ok(())
}

fn names_taken(document: &Value, value: &Value, found: &mut Vec<String>) {
    for (_, operations) in value.as_object().into_iter().flatten() {
        for (_, operation) in operations.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            found.extend(parameters.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned));
            members(document, &operation["requestBody"]["content"]["application/json"]["schema"], found);
        }
    }
}

/// Names of members, however deep.
fn members(document: &Value, schema: &Value, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        return members(document, document.pointer(reference).unwrap_or(&Value::Null), found);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        found.push(name.clone());
        members(document, member, found);
    }
    members_of_any(document, &schema["anyOf"], found);
    if schema["items"].is_object() {
        members(document, &schema["items"], found);
    }
}

fn members_of_any(document: &Value, schemas: &Value, found: &mut Vec<String>) {
    schemas.as_array().into_iter().flatten().for_each(|schema| members(document, schema, found));
}
