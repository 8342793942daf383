//! The text of a settings file: JSON with comments, read as values, changed in place. Daemon and agent write the same files.
//!
//! What a change does not touch keeps its place, its comments and its spelling, and what is not understood is never replaced.

use jsonc_parser::{
    ParseOptions,
    cst::{CstArray, CstInputValue, CstObject, CstRootNode},
};
use serde_json::{Map, Value};

/// A change of one key. Keys are dotted: `tools.approvalMode`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edit<'a> {
    /// The key has this value.
    Set { key: &'a str, value: &'a Value },
    /// The list at the key has these, too.
    Add { key: &'a str, items: &'a [String] },
}

/// Why a text is not read, or not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("{0}")]
    Syntax(String),
    #[error("it is no object")]
    NoObject,
    /// An edit leads through something that is there and is no object.
    #[error("`{0}` is no object")]
    NoSection(String),
    /// An edit adds to something that is there and is no list.
    #[error("`{0}` is no list")]
    NoList(String),
}

/// The values. An empty text has none.
///
/// # Errors
/// The text is not an object.
pub fn values(text: &str) -> Result<Map<String, Value>, Malformed> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let parsed = jsonc_parser::parse_to_serde_value::<Value>(text, &ParseOptions::default());
    match parsed.map_err(|error| Malformed::Syntax(error.to_string()))? {
        Value::Object(values) => Ok(values),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Malformed::NoObject)
        }
    }
}

/// The value at a dotted key.
#[must_use]
pub fn lookup<'a>(values: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let mut parts = key.split('.');
    let first = values.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// The text with the edits made. An empty text becomes an object.
///
/// # Errors
/// The text is not an object, or an edit does not go with what is there.
pub fn edited(text: &str, edits: &[Edit<'_>]) -> Result<String, Malformed> {
    let root = CstRootNode::parse(text, &ParseOptions::default());
    let root = root.map_err(|error| Malformed::Syntax(error.to_string()))?;
    let settings = root.object_value_or_create().ok_or(Malformed::NoObject)?;
    for edit in edits {
        match *edit {
            Edit::Set { key, value } => {
                let (section, name) = section(&settings, key)?;
                put(&section, name, value);
            }
            Edit::Add { key, items } => {
                let (section, name) = section(&settings, key)?;
                let list = section.array_value_or_create(name).ok_or_else(|| Malformed::NoList(key.to_owned()))?;
                add(&list, items);
            }
        }
    }
    let mut text = root.to_string();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// The object that holds the key's last part, made where it is missing, and that last part.
fn section<'a>(settings: &CstObject, key: &'a str) -> Result<(CstObject, &'a str), Malformed> {
    let Some((parents, name)) = key.rsplit_once('.') else { return Ok((settings.clone(), key)) };
    let mut section = settings.clone();
    for parent in parents.split('.') {
        section = section.object_value_or_create(parent).ok_or_else(|| Malformed::NoSection(parent.to_owned()))?;
    }
    Ok((section, name))
}

fn put(section: &CstObject, name: &str, value: &Value) {
    match section.get(name) {
        Some(property) => property.set_value(input(value)),
        None => drop(section.append(name, input(value))),
    }
}

/// Adds the items that are not in the list yet, a line each.
fn add(list: &CstArray, items: &[String]) {
    let text = |element: jsonc_parser::cst::CstNode| element.as_string_lit()?.decoded_value().ok();
    let known: Vec<String> = list.elements().into_iter().filter_map(text).collect();
    for item in items.iter().filter(|item| !known.contains(item)) {
        list.ensure_multiline();
        list.append(CstInputValue::String(item.clone()));
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
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn set<'a>(key: &'a str, value: &'a Value) -> [Edit<'a>; 1] {
        [Edit::Set { key, value }]
    }

    #[test]
    fn comments_order_and_unknown_keys_stay_where_they_are() {
        let text = "{\n  // mine\n  \"ui\": {\"theme\": \"dark\"}, /* here */\n  \"odd\": [1, 2,],\n  \"tools\": {\"approvalMode\": \"yolo\"}\n}\n";
        let changed = edited(text, &set("tools.approvalMode", &json!("plan"))).expect("an edit");
        assert_eq!(changed, text.replace("yolo", "plan"));
    }

    #[test]
    fn an_absent_file_becomes_one_with_the_setting() {
        let changed = edited("", &set("a.b.c", &json!(["x"]))).expect("an edit");
        let values = values(&changed).expect("JSON");
        assert_eq!(lookup(&values, "a.b.c"), Some(&json!(["x"])));
        assert_eq!(lookup(&values, "a.b.c.d"), None);
    }

    #[test]
    fn a_list_is_added_to_once_and_what_is_in_it_stays() {
        let text = "{\"permissions\": {\"allow\": [/* all of it */ \"a\", 7]}}";
        let items = ["a".to_owned(), "b".to_owned()];
        let add = [Edit::Add { key: "permissions.allow", items: &items }];
        let changed = edited(text, &add).expect("an edit");
        assert!(changed.contains("/* all of it */"), "{changed}");
        let list = |text: &str| lookup(&values(text).expect("JSON"), "permissions.allow").cloned();
        assert_eq!(list(&changed), Some(json!(["a", 7, "b"])));
        assert_eq!(edited(&changed, &add).as_ref(), Ok(&changed), "nothing is left to add");
        assert_eq!(list(&edited("", &add).expect("an edit")), Some(json!(["a", "b"])));
    }

    #[test]
    fn what_is_no_object_is_neither_read_nor_changed() {
        for text in ["[1]", "{ nonsense", "7", "{} {}"] {
            assert!(values(text).is_err(), "{text}");
            assert!(edited(text, &set("a", &json!(1))).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_as_expected_is_not_replaced() {
        let items = ["x".to_owned()];
        let one = json!(1);
        for (text, edit, error) in [
            ("{\"a\": 5}", Edit::Set { key: "a.b", value: &one }, Malformed::NoSection("a".to_owned())),
            ("{\"a\": {\"b\": 5}}", Edit::Add { key: "a.b", items: &items }, Malformed::NoList("a.b".to_owned())),
        ] {
            assert_eq!(edited(text, &[edit]), Err(error), "{text}");
        }
    }

    #[test]
    fn strings_are_written_so_that_they_are_read_back() {
        for odd in ["\"quoted\"", "back\\slash", "line\nfeed\t\u{1}", "\u{2028}é😀", "// no comment"] {
            let changed = edited("{}", &set("k", &json!(odd))).expect("an edit");
            assert_eq!(values(&changed).expect("JSON")["k"], json!(odd));
            let items = [odd.to_owned()];
            let added = edited("{}", &[Edit::Add { key: "k", items: &items }]).expect("an edit");
            assert_eq!(edited(&added, &[Edit::Add { key: "k", items: &items }]), Ok(added), "it is known");
        }
    }
}
