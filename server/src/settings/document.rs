//! The text of one settings file: JSON with comments, read as values, changed in place.

use jsonc_parser::{
    ParseOptions,
    cst::{CstInputValue, CstObject, CstRootNode},
};
use serde_json::{Map, Value};

use super::Change;

/// The key of the version of the file format.
pub(super) const VERSION_KEY: &str = "$version";
/// The version that is written.
const VERSION: u64 = 4;

/// The values. An empty text has none.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn values(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let parsed = jsonc_parser::parse_to_serde_value::<Value>(text, &ParseOptions::default());
    match parsed.map_err(|error| error.to_string())? {
        Value::Object(values) => Ok(values),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("it is no object".to_owned())
        }
    }
}

/// The text with the changes made. What they do not touch keeps its place, its comments and its spelling.
///
/// # Errors
/// The text is not an object, or a key leads through something that is not one.
pub(super) fn edited(text: &str, changes: &[Change]) -> Result<String, String> {
    let root = CstRootNode::parse(text, &ParseOptions::default()).map_err(|error| error.to_string())?;
    let settings = root.object_value_or_create().ok_or("it is no object")?;
    for change in changes {
        set(&settings, &change.key, &change.value)?;
    }
    let version = values(text)?.get(VERSION_KEY).and_then(Value::as_u64);
    if version.is_none_or(|version| version < VERSION) {
        put(&settings, VERSION_KEY, &VERSION.into());
    }
    let mut text = root.to_string();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

fn set(settings: &CstObject, key: &str, value: &Value) -> Result<(), String> {
    let (parents, name) = key.rsplit_once('.').map_or((None, key), |(parents, name)| (Some(parents), name));
    let mut object = settings.clone();
    for parent in parents.into_iter().flat_map(|parents| parents.split('.')) {
        object = object.object_value_or_create(parent).ok_or_else(|| format!("`{parent}` is no object"))?;
    }
    put(&object, name, value);
    Ok(())
}

fn put(object: &CstObject, name: &str, value: &Value) {
    match object.get(name) {
        Some(property) => property.set_value(input(value)),
        None => drop(object.append(name, input(value))),
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(value) => CstInputValue::Number(value.to_string()),
        Value::String(value) => CstInputValue::String(value.clone()),
        Value::Array(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Object(values) => {
            CstInputValue::Object(values.iter().map(|(name, value)| (name.clone(), input(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn comments_order_and_unknown_keys_stay_where_they_are() {
        let text = "{\n  // mine\n  \"ui\": {\"theme\": \"dark\"}, /* here */\n  \"odd\": [1, 2,],\n  \"tools\": {\"approvalMode\": \"yolo\"},\n  \"$version\": 4\n}\n";
        let changed = edited(text, &[Change::set("tools.approvalMode", json!("plan"))]).expect("an edit");
        assert_eq!(changed, text.replace("yolo", "plan"));
    }

    #[test]
    fn an_absent_file_becomes_one_with_the_setting_and_the_version() {
        let changed = edited("", &[Change::set("a.b.c", json!(["x"]))]).expect("an edit");
        assert_eq!(Value::Object(values(&changed).expect("JSON")), json!({"a": {"b": {"c": ["x"]}}, "$version": 4}));
    }

    #[test]
    fn a_newer_version_is_left_and_an_older_one_raised() {
        for (before, after) in [("{\"$version\": 7}", 7), ("{\"$version\": 1}", 4), ("{\"$version\": \"x\"}", 4)] {
            let changed = edited(before, &[]).expect("an edit");
            assert_eq!(values(&changed).expect("JSON")[VERSION_KEY], json!(after));
        }
    }

    #[test]
    fn what_is_no_object_is_neither_read_nor_changed() {
        for text in ["[1]", "{ nonsense", "7", "{} {}"] {
            assert!(values(text).is_err(), "{text}");
            assert!(edited(text, &[Change::set("a", json!(1))]).is_err(), "{text}");
        }
        assert!(edited("{\"a\": 5}", &[Change::set("a.b", json!(1))]).is_err());
    }

    #[test]
    fn strings_are_written_so_that_they_are_read_back() {
        for odd in ["\"quoted\"", "back\\slash", "line\nfeed\t\u{1}", "\u{2028}é😀", "// no comment"] {
            let changed = edited("{}", &[Change::set("k", json!(odd))]).expect("an edit");
            assert_eq!(values(&changed).expect("JSON")["k"], json!(odd));
        }
    }
}
