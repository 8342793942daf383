//! What JSON looks like, written down the way TypeScript does it, and read from that into JSON Schema.
//!
//! ```text
//! { id: uuid, name?: string(1..64) = 'new', size: int(0..) | null, tags: string[1..8], kind: 'a' | 'b', ...Other, *: any } # a note
//! ```
//!
//! `string`, `int` and `number` take bounds in parentheses, lists in brackets; both ends are included. `uuid`, `time` (ISO 8601) and
//! `ms` (milliseconds since 1970) are what they say. A word with a capital is another shape by its name, `...Name` takes that one's
//! members in, `*` is every member that is not named. What follows `=` holds where the member is missing, what follows `#` is for
//! people and ends with its line.

mod read;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub(in crate::openapi) use self::read::Malformed;

/// What some JSON looks like.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Any,
    Flag,
    Integer(Bounds),
    Number(Bounds),
    /// Bounds in characters; a format as JSON Schema names it.
    Text(Bounds, Option<&'static str>),
    /// Exactly this value.
    Just(Value),
    Named(String),
    List(Box<Self>, Bounds),
    Object(Members),
    OneOf(Vec<Self>),
}

/// From and to, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bounds(Option<i64>, Option<i64>);

/// The members of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Members {
    pub(super) named: Vec<Member>,
    /// What any other member looks like; None where there is none that one could rely on.
    pub(super) others: Option<Box<Shape>>,
}

/// One member.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) is_optional: bool,
    pub(super) shape: Shape,
    pub(super) default: Option<Value>,
    pub(super) note: Option<String>,
}

/// Shapes that have a name.
#[derive(Debug, Default)]
pub(super) struct Shapes(BTreeMap<&'static str, &'static str>);

impl Shapes {
    #[must_use]
    pub(super) fn new(named: impl IntoIterator<Item = &'static (&'static str, &'static str)>) -> Self {
        Self(named.into_iter().copied().collect())
    }

    /// Reads a shape.
    ///
    /// # Errors
    /// Where the text is not a shape.
    pub(super) fn read(&self, text: &str) -> Result<Shape, Malformed> {
        read::shape(text, self)
    }

    /// Reads members that stand without their braces.
    ///
    /// # Errors
    /// Where the text is not a list of members.
    pub(super) fn members(&self, text: &str) -> Result<Members, Malformed> {
        read::members(text, self)
    }

    /// The text of a shape.
    #[must_use]
    pub(super) fn text(&self, name: &str) -> Option<&'static str> {
        self.0.get(name).copied()
    }

    /// Every name with its schema.
    ///
    /// # Errors
    /// The first that is not a shape.
    pub(super) fn schemas(&self) -> Result<Map<String, Value>, Malformed> {
        self.0.iter().map(|(name, text)| Ok(((*name).to_owned(), self.read(text)?.schema()))).collect()
    }
}

impl Shape {
    /// As JSON Schema 2020-12, whose references lead to an OpenAPI document's components.
    #[must_use]
    pub(super) fn schema(&self) -> Value {
        match self {
            Self::Any => json!({}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Integer(bounds) => bounds.onto(json!({"type": "integer"}), "minimum", "maximum"),
            Self::Number(bounds) => bounds.onto(json!({"type": "number"}), "minimum", "maximum"),
            Self::Text(bounds, format) => {
                let mut schema = bounds.onto(json!({"type": "string"}), "minLength", "maxLength");
                if let Some(format) = format {
                    schema["format"] = json!(format);
                }
                schema
            }
            Self::Just(value) => json!({"const": value}),
            Self::Named(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
            Self::List(of, bounds) => {
                bounds.onto(json!({"type": "array", "items": of.schema()}), "minItems", "maxItems")
            }
            Self::Object(members) => members.schema(),
            Self::OneOf(shapes) => one_of(shapes),
        }
    }
}

/// Values become one `enum`, so that nobody has to look through a list of schemas for them.
fn one_of(shapes: &[Shape]) -> Value {
    let mut values = Vec::new();
    let mut schemas = Vec::new();
    for shape in shapes {
        match shape {
            Shape::Just(value) => values.push(value.clone()),
            other => schemas.push(other.schema()),
        }
    }
    match (values.as_slice(), schemas.as_mut_slice()) {
        (_, []) => json!({"enum": values}),
        ([], _) => json!({"anyOf": schemas}),
        ([Value::Null], [only]) if only["type"].is_string() => {
            only["type"] = json!([only["type"], "null"]);
            only.take()
        }
        ([only], _) => {
            schemas.push(json!({"const": only}));
            json!({"anyOf": schemas})
        }
        _ => {
            schemas.push(json!({"enum": values}));
            json!({"anyOf": schemas})
        }
    }
}

impl Members {
    fn schema(&self) -> Value {
        let mut schema = json!({"type": "object"});
        if !self.named.is_empty() {
            schema["properties"] = self.named.iter().map(|member| (member.name.clone(), member.schema())).collect();
        }
        let required: Vec<&str> =
            self.named.iter().filter(|member| !member.is_optional).map(|member| member.name.as_str()).collect();
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if let Some(others) = &self.others {
            schema["additionalProperties"] = others.schema();
        }
        schema
    }
}

impl Member {
    /// What it looks like, with its default and its note.
    #[must_use]
    pub(super) fn schema(&self) -> Value {
        let mut schema = self.shape.schema();
        if let Some(default) = &self.default {
            schema["default"] = default.clone();
        }
        if let Some(note) = &self.note {
            schema["description"] = json!(note);
        }
        schema
    }
}

impl Bounds {
    fn onto(self, mut schema: Value, least: &str, most: &str) -> Value {
        for (name, bound) in [(least, self.0), (most, self.1)] {
            if let Some(bound) = bound {
                schema[name] = json!(bound);
            }
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: &[(&str, &str)] = &[("Point", "{ x: int, y: int }"), ("Place", "{ ...Point, name?: string }")];

    fn schema(text: &str) -> Value {
        Shapes::new(NAMED).read(text).expect(text).schema()
    }

    #[test]
    fn a_shape_is_json_schema_in_fewer_words() {
        assert_eq!(schema("string(1..64)"), json!({"type": "string", "minLength": 1, "maxLength": 64}));
        assert_eq!(schema("int(0..)"), json!({"type": "integer", "minimum": 0}));
        assert_eq!(schema("number(-1..1)"), json!({"type": "number", "minimum": -1, "maximum": 1}));
        assert_eq!(
            schema("uuid[..3]"),
            json!({"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": 3})
        );
        assert_eq!(
            schema("bool[][]"),
            json!({"type": "array", "items": {"type": "array", "items": {"type": "boolean"}}})
        );
        assert_eq!(schema("'a' | 'b' | null"), json!({"enum": ["a", "b", null]}));
        assert_eq!(schema("time | null"), json!({"type": ["string", "null"], "format": "date-time"}));
        assert_eq!(schema("Point | null"), json!({"anyOf": [{"$ref": "#/components/schemas/Point"}, {"const": null}]}));
        assert_eq!(schema("any"), json!({}));
        assert_eq!(schema("object"), json!({"type": "object", "additionalProperties": {}}));
        assert_eq!(schema("(int | bool)[]")["items"], json!({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}));
    }

    #[test]
    fn an_object_has_members_notes_and_defaults() {
        let text = "{\n  a: 1, # the first\n  X-B?: int(1..9) = 3,\n  ...Point,\n  *: string # the rest\n}";
        let expected = json!({
            "type": "object",
            "properties": {
                "a": {"const": 1, "description": "the first"},
                "X-B": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
                "x": {"type": "integer"},
                "y": {"type": "integer"},
            },
            "required": ["a", "x", "y"],
            "additionalProperties": {"type": "string"},
        });
        assert_eq!(schema(text), expected);
    }

    #[test]
    fn members_of_members_are_taken_in() {
        let all = Shapes::new(NAMED).schemas().expect("both are shapes");
        assert_eq!(all["Place"]["properties"].as_object().map(Map::len), Some(3));
        assert_eq!(all["Place"]["required"], json!(["x", "y"]));
    }

    #[test]
    fn what_is_no_shape_is_told_with_its_place() {
        for (text, at) in [
            ("", 0),
            ("{ a }", 4),
            ("string(", 7),
            ("Nobody", 6),
            ("{ ...string }", 11),
            ("int int", 4),
            ("'a", 2),
            ("{ a: 1", 6),
        ] {
            let error = Shapes::new(NAMED).read(text).expect_err(text);
            assert_eq!(error.at, at, "{text}: {error}");
        }
    }
}
