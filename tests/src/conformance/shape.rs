//! The shape of a JSON value: keys and types, no values.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Keys and types, recursively. The elements of an array are one: what any of them has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Shape {
    /// `"null"`, `"bool"`, `"number"`, `"string"`; several, as `"null|string"`, where the elements of a list differ.
    Plain(String),
    /// No element: nothing is known of them. One: their shape.
    List(Vec<Shape>),
    Object(BTreeMap<String, Shape>),
}

impl Shape {
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::plain("null"),
            Value::Bool(_) => Self::plain("bool"),
            Value::Number(_) => Self::plain("number"),
            Value::String(_) => Self::plain("string"),
            Value::Array(elements) => Self::List(elements.iter().map(Self::of).reduce(Self::or).into_iter().collect()),
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect())
            }
        }
    }

    fn plain(word: &str) -> Self {
        Self::Plain(word.to_owned())
    }

    /// What either has.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Object(mut fields), Self::Object(more)) => {
                for (name, shape) in more {
                    let merged = fields.remove(&name).map_or(shape.clone(), |had| had.or(shape));
                    fields.insert(name, merged);
                }
                Self::Object(fields)
            }
            (Self::List(left), Self::List(right)) => {
                Self::List(left.into_iter().chain(right).reduce(Self::or).into_iter().collect())
            }
            (Self::Plain(left), Self::Plain(right)) => {
                let words: BTreeSet<&str> = left.split('|').chain(right.split('|')).collect();
                Self::Plain(words.into_iter().collect::<Vec<_>>().join("|"))
            }
            (left, _) => left,
        }
    }

    /// What is different here from `theirs`, each with the path it stands at. An empty list agrees with any other.
    #[must_use]
    pub fn differences(&self, theirs: &Self) -> Vec<String> {
        let mut found = Vec::new();
        self.compare(theirs, "", &mut found);
        found
    }

    fn compare(&self, theirs: &Self, path: &str, found: &mut Vec<String>) {
        match (self, theirs) {
            (Self::Plain(ours), Self::Plain(theirs))
                if ours.split('|').any(|word| theirs.split('|').any(|other| word == other)) => {}
            (Self::List(ours), Self::List(theirs)) => {
                if let (Some(ours), Some(theirs)) = (ours.first(), theirs.first()) {
                    ours.compare(theirs, &format!("{path}[]"), found);
                }
            }
            (Self::Object(ours), Self::Object(theirs)) => {
                for (name, shape) in ours {
                    match theirs.get(name) {
                        Some(other) => shape.compare(other, &format!("{path}.{name}"), found),
                        None => found.push(format!("{path}.{name} is ours only")),
                    }
                }
                let missing = theirs.keys().filter(|name| !ours.contains_key(*name));
                found.extend(missing.map(|name| format!("{path}.{name} is missing")));
            }
            (ours, theirs) => found.push(format!("{path} is {} instead of {}", ours.kind(), theirs.kind())),
        }
    }

    fn kind(&self) -> &str {
        match self {
            Self::Plain(word) => word,
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
        Shape::of(ours).differences(&Shape::of(theirs))
    }

    #[test]
    fn values_do_not_matter_and_keys_and_types_do() {
        let ours = json!({"a": 1, "b": [{"c": "x"}], "d": null, "e": []});
        assert_eq!(differences(&ours, &json!({"a": 2, "b": [{"c": "y"}], "d": null, "e": [1]})), [""; 0]);
        assert_eq!(
            differences(&ours, &json!({"a": "2", "b": [{"c": "y", "f": 1}], "e": {}})),
            [
                ".a is number instead of string",
                ".b[].f is missing",
                ".d is ours only",
                ".e is a list instead of an object"
            ]
        );
    }

    #[test]
    fn the_elements_of_a_list_are_one_shape() {
        assert_eq!(Shape::of(&json!([{"a": 1}, {"b": 1}])), Shape::of(&json!([{"a": 2, "b": 2}])));
        assert_eq!(Shape::of(&json!(["x", null, 1])), Shape::List(vec![Shape::Plain("null|number|string".to_owned())]));
        assert_eq!(differences(&json!(["x", null]), &json!(["x"])), [""; 0]);
    }
}
