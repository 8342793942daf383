//! Shapes read out of JSON, field by field.
//!
//! Payloads and answers are some eighty small shapes. Derived decoders for them would be several times the size of this code, which every
//! visitor of the page downloads. Laws: a field nobody knows is skipped; `null` and "absent" are the same, agents write both; a known field
//! of another type makes the whole unreadable, as does the absence of one that is needed.

use serde_json::{Map, Value};

use crate::{ClientId, Envelope, EventEpoch, Millis, PromptId, RequestId, SessionId};

/// What can be read out of JSON.
pub trait Read: Sized {
    /// `None` when the value is not one of these.
    fn read(value: &Value) -> Option<Self>;

    /// The same, for what is large and better moved than copied.
    fn take(value: Value) -> Option<Self> {
        Self::read(&value)
    }
}

/// A field without which the whole is nothing.
pub(crate) fn must<T: Read>(value: &Value, name: &str) -> Option<T> {
    T::read(value.get(name)?)
}

/// A field that has a default.
pub(crate) fn may<T: Read + Default>(value: &Value, name: &str) -> Option<T> {
    match value.get(name) {
        None | Some(Value::Null) => Some(T::default()),
        Some(value) => T::read(value),
    }
}

/// Implements [`Read`] for a struct: first the fields that must be there, then those that may be missing, each with its name.
macro_rules! readable {
    ($type:ident { $($must:ident: $must_name:literal),* ; $($may:ident: $may_name:literal),* }) => {
        impl $crate::payload::Read for $type {
            fn read(value: &serde_json::Value) -> Option<Self> {
                value.as_object()?;
                Some(Self {
                    $($must: $crate::payload::must(value, $must_name)?,)*
                    $($may: $crate::payload::may(value, $may_name)?,)*
                })
            }
        }
    };
}
pub(crate) use readable;

impl Read for Value {
    fn read(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

impl Read for Map<String, Value> {
    fn read(value: &Value) -> Option<Self> {
        value.as_object().cloned()
    }
}

impl Read for bool {
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Read for u64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_u64()
    }
}

impl Read for i64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

impl Read for String {
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(ToOwned::to_owned)
    }
}

impl Read for Box<str> {
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(Into::into)
    }
}

impl Read for Millis {
    fn read(value: &Value) -> Option<Self> {
        value.as_u64().map(Self)
    }
}

macro_rules! readable_ids {
    ($($id:ident)*) => {
        $(
            impl Read for $id {
                fn read(value: &Value) -> Option<Self> {
                    value.as_str().map(Self::from)
                }
            }
        )*
    };
}

readable_ids! { SessionId ClientId PromptId RequestId EventEpoch }

impl<T: Read> Read for Option<T> {
    fn read(value: &Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::read(value).map(Some) }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::read).collect()
    }
}

impl Read for Envelope {
    fn read(value: &Value) -> Option<Self> {
        Envelope::take(value.clone())
    }

    fn take(value: Value) -> Option<Self> {
        Envelope::take(value)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Thing {
        name: String,
        count: Option<u64>,
        parts: Vec<bool>,
    }

    readable!(Thing { name: "theName"; count: "count", parts: "parts" });

    #[test]
    fn what_nobody_knows_is_skipped_and_null_is_absent() {
        let bare = Thing { name: "x".to_owned(), count: None, parts: Vec::new() };
        for value in [
            json!({"theName": "x"}),
            json!({"theName": "x", "count": null, "parts": null}),
            json!({"theName": "x", "unknown": {"a": [1]}}),
        ] {
            assert_eq!(Thing::read(&value).as_ref(), Some(&bare), "{value}");
        }
        let full = Thing { name: "x".to_owned(), count: Some(7), parts: vec![true, false] };
        assert_eq!(Thing::read(&json!({"theName": "x", "count": 7, "parts": [true, false]})), Some(full));
    }

    #[test]
    fn what_lacks_a_needed_field_or_has_another_type_is_unreadable() {
        for value in [
            json!({}),
            json!(["x"]),
            json!(null),
            json!({"theName": null}),
            json!({"theName": 7}),
            json!({"theName": "x", "count": -1}),
            json!({"theName": "x", "parts": {}}),
            json!({"theName": "x", "parts": [true, "false"]}),
        ] {
            assert_eq!(Thing::read(&value), None, "{value}");
        }
    }
}
