//! A JSON value as decoders read it.
//!
//! `&Value` is a deserializer already, but a general one: with each type comes code for what no payload does (an array in place of an
//! object) and for every sentence that could be said about it. The page carries that code over the network, so this one is strict and
//! short: a decoder asks for a kind of value and is given that kind or an [`Unfit`].

use std::fmt;

use serde::{
    Deserializer,
    de::{self, DeserializeSeed, IntoDeserializer, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

/// The value to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a Value);

/// Why a value is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("missing field `{0}`")]
    Missing(&'static str),
    #[error("expected {wanted}, found {found}")]
    Kind { wanted: &'static str, found: &'static str },
    #[error("{0}")]
    Other(String),
}

impl de::Error for Unfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

impl Reader<'_> {
    fn is_not(self, wanted: &'static str) -> Unfit {
        let found = match self.0 {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        Unfit::Kind { wanted, found }
    }
}

macro_rules! numbers {
    ($($method:ident as $read:ident tells $visit:ident: $wanted:literal,)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
                match self.0.$read() {
                    Some(number) => visitor.$visit(number),
                    None => Err(self.is_not($wanted)),
                }
            }
        )*
    };
}

macro_rules! strings {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
                match self.0 {
                    Value::String(text) => visitor.visit_borrowed_str(text),
                    _ => Err(self.is_not("a string")),
                }
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(yes) => visitor.visit_bool(*yes),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items(items.iter())),
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
        }
    }

    numbers! {
        deserialize_u8 as as_u64 tells visit_u64: "a whole number",
        deserialize_u16 as as_u64 tells visit_u64: "a whole number",
        deserialize_u32 as as_u64 tells visit_u64: "a whole number",
        deserialize_u64 as as_u64 tells visit_u64: "a whole number",
        deserialize_i8 as as_i64 tells visit_i64: "a whole number",
        deserialize_i16 as as_i64 tells visit_i64: "a whole number",
        deserialize_i32 as as_i64 tells visit_i64: "a whole number",
        deserialize_i64 as as_i64 tells visit_i64: "a whole number",
        deserialize_f32 as as_f64 tells visit_f64: "a number",
        deserialize_f64 as as_f64 tells visit_f64: "a number",
        deserialize_bool as as_bool tells visit_bool: "a boolean",
    }

    strings! { deserialize_str deserialize_string deserialize_char deserialize_identifier }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(Items(items.iter())),
            _ => Err(self.is_not("an array")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
            _ => Err(self.is_not("an object")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_map(visitor)
    }

    /// Of the enums only those whose variants are plain names.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(name.as_str().into_deserializer()),
            _ => Err(self.is_not("a string")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 bytes byte_buf unit unit_struct tuple tuple_struct }
}

struct Items<'a>(std::slice::Iter<'a, Value>);

impl<'a> de::SeqAccess<'a> for Items<'a> {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        self.0.next().map(|item| seed.deserialize(Reader(item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Fields<'a> {
    fields: serde_json::map::Iter<'a>,
    value: Option<&'a Value>,
}

impl<'a> Fields<'a> {
    fn of(fields: &'a Map<String, Value>) -> Self {
        Self { fields: fields.iter(), value: None }
    }
}

impl<'a> de::MapAccess<'a> for Fields<'a> {
    type Error = Unfit;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Unfit> {
        let Some((name, value)) = self.fields.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(de::value::BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Unfit> {
        seed.deserialize(Reader(self.value.take().unwrap_or(&Value::Null)))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Thing {
        the_name: String,
        #[serde(default)]
        count: Option<u32>,
        #[serde(default)]
        kind: Option<Kind>,
        #[serde(default)]
        parts: Vec<f64>,
        #[serde(default)]
        rest: Value,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        SoFar,
    }

    fn read(value: &Value) -> Result<Thing, String> {
        Thing::deserialize(Reader(value)).map_err(|error| error.to_string())
    }

    #[test]
    fn it_reads_what_the_general_one_reads() {
        for value in [
            json!({"theName": "x"}),
            json!({"theName": "x", "count": 7, "kind": "so_far", "parts": [1, -2, 0.5], "rest": {"a": [null, true, -1, 2.5, "s"]}}),
            json!({"theName": "x", "count": null, "unknown": {"a": [1]}, "rest": [1]}),
        ] {
            assert_eq!(read(&value), Ok(Thing::deserialize(&value).expect("a thing")), "{value}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(read(&json!({})), Err("missing field `theName`".to_owned()));
        assert_eq!(read(&json!({"theName": 7})), Err("expected a string, found a number".to_owned()));
        assert_eq!(read(&json!({"theName": "x", "parts": {}})), Err("expected an array, found an object".to_owned()));
        assert_eq!(read(&json!(["x"])), Err("expected an object, found an array".to_owned()));
        assert!(read(&json!({"theName": "x", "count": 1_u64 << 40})).is_err(), "a number that does not fit");
        assert!(read(&json!({"theName": "x", "kind": "other"})).is_err());
    }
}
