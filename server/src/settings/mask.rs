//! Secrets in settings: never shown, and kept when a client writes back what it was shown.

use serde_json::{Map, Value};

/// What stands for a secret.
pub(super) const MASK: &str = "********";

/// Objects whose every value is a secret.
const SECRET_OBJECTS: &[&str] = &["env", "headers"];
/// Ends of the names of secrets, in lower case.
const SECRET_NAMES: &[&str] = &["apikey", "api_key", "token", "secret", "password", "authorization"];

/// The value as clients may see it.
pub(super) fn masked(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.iter().map(|(name, value)| member(name, value)).collect()),
        Value::Array(items) => Value::Array(items.iter().map(masked).collect()),
        Value::String(text) => Value::String(without_credentials(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Puts back what was masked. None where there is nothing to put back.
pub(super) fn restore(value: Value, stored: Option<&Value>) -> Option<Value> {
    match value {
        Value::Object(members) => {
            let restored = members.into_iter().map(|(name, value)| {
                let stored = stored.and_then(|stored| stored.get(&name));
                Some((name, restore(value, stored)?))
            });
            restored.collect::<Option<Map<String, Value>>>().map(Value::Object)
        }
        Value::Array(items) => {
            let at = |index: usize| stored.and_then(|stored| stored.get(index));
            let restored = items.into_iter().enumerate().map(|(index, item)| restore(item, at(index)));
            restored.collect::<Option<Vec<Value>>>().map(Value::Array)
        }
        Value::String(text) if text == MASK => stored.filter(|stored| stored.is_string()).cloned(),
        Value::String(text) => match stored.and_then(Value::as_str) {
            // An address that was shown without its credentials.
            Some(stored) if text != stored && text == without_credentials(stored) => Some(stored.into()),
            Some(_) | None => Some(Value::String(text)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(value),
    }
}

fn member(name: &str, value: &Value) -> (String, Value) {
    let masked = match value {
        Value::Object(members) if SECRET_OBJECTS.contains(&name) => {
            members.iter().map(|(name, value)| (name.clone(), hidden(value))).collect::<Map<_, _>>().into()
        }
        value if is_secret(name) => hidden(value),
        value => masked(value),
    };
    (name.to_owned(), masked)
}

fn hidden(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => value.clone(),
        Value::String(_) => MASK.into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::Array(items) => items.iter().map(hidden).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), hidden(value))).collect::<Map<_, _>>().into()
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| name.ends_with(secret))
}

/// `https://user:password@host` without what stands before the `@`.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((credentials, _)) => format!("{scheme}://{MASK}@{}", &rest[credentials.len() + 1..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_masked_and_come_back_when_the_mask_is_written() {
        let stored = json!({
            "a": {"command": "x", "env": {"KEY": "k1", "N": ""}, "headers": {"Authorization": "Bearer k2"}},
            "b": {"httpUrl": "https://me:k3@host/p", "oauth": {"clientSecret": "k4", "clientId": "id"}, "apiKey": "k5"},
        });
        let shown = masked(&stored);
        let text = shown.to_string();
        for secret in ["k1", "k2", "k3", "k4", "k5", "me:"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("\"clientId\":\"id\"") && text.contains("\"command\":\"x\""), "{text}");
        assert_eq!(restore(shown, Some(&stored)), Some(stored));
    }

    #[test]
    fn a_mask_that_stands_for_nothing_is_no_value() {
        assert_eq!(restore(json!({"a": {"apiKey": MASK}}), Some(&json!({"b": {"apiKey": "x"}}))), None);
        assert_eq!(restore(json!(MASK), None), None);
        assert_eq!(restore(json!({"a": {"apiKey": "new"}}), None), Some(json!({"a": {"apiKey": "new"}})));
    }
}
