//! A member of a body: what a route takes for it, and how it refuses anything else.

use serde_json::{Value, json};

/// The types of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

/// How a route says that a value is wrong. It is 400 with an `error` each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// With this `code`.
    Coded(&'static str),
    /// Without a `code`.
    Plain,
    /// In the envelope of the file routes: `errorKind` is `parse_error`, and there is no `code`.
    File,
    /// As an error of JSON-RPC, -32600.
    Rpc,
    /// In the form that artifacts have: `{"v":1,"error":{"code":"VALIDATION_FAILED",…}}`.
    Artifact,
}

/// A member of a JSON body, of one type.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// `outcome.optionId` is a member of the member `outcome`.
    pub name: &'static str,
    takes: Type,
    is_nullable: bool,
    /// None where a value of another type counts as none at all.
    pub refusal: Option<Refusal>,
    /// Values of the right type that are wrong all the same, as JSON.
    never: &'static [&'static str],
    /// What else has to be in the body for this member to be looked at, as JSON.
    beside: &'static str,
}

impl Type {
    const ALL: [Self; 6] = [Self::Null, Self::Bool, Self::Number, Self::Text, Self::List, Self::Object];

    fn sample(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool => json!(true),
            Self::Number => json!(7),
            Self::Text => json!("text"),
            Self::List => json!([]),
            Self::Object => json!({}),
        }
    }
}

impl Field {
    const fn new(name: &'static str, takes: Type) -> Self {
        Self { name, takes, is_nullable: false, refusal: Some(Refusal::Plain), never: &[], beside: "{}" }
    }

    pub(super) const fn text(name: &'static str) -> Self {
        Self::new(name, Type::Text)
    }

    pub(super) const fn flag(name: &'static str) -> Self {
        Self::new(name, Type::Bool)
    }

    pub(super) const fn number(name: &'static str) -> Self {
        Self::new(name, Type::Number)
    }

    pub(super) const fn list(name: &'static str) -> Self {
        Self::new(name, Type::List)
    }

    pub(super) const fn object(name: &'static str) -> Self {
        Self::new(name, Type::Object)
    }

    /// Null is as good as no value.
    pub(super) const fn or_null(mut self) -> Self {
        self.is_nullable = true;
        self
    }

    pub(super) const fn coded(self, code: &'static str) -> Self {
        self.refused(Refusal::Coded(code))
    }

    pub(super) const fn refused(mut self, refusal: Refusal) -> Self {
        self.refusal = Some(refusal);
        self
    }

    /// A value of another type counts as none at all, as the protocol has it.
    pub(super) const fn lenient(mut self) -> Self {
        self.refusal = None;
        self
    }

    pub(super) const fn never(mut self, values: &'static [&'static str]) -> Self {
        self.never = values;
        self
    }

    pub(super) const fn beside(mut self, members: &'static str) -> Self {
        self.beside = members;
        self
    }

    /// Every value that is wrong for it: one of each type it does not take, and those of its own that it never takes.
    pub(super) fn wrong_values(&self) -> Vec<Value> {
        let is_taken = |kind: &Type| *kind == self.takes || (self.is_nullable && *kind == Type::Null);
        let foreign = Type::ALL.into_iter().filter(|kind| !is_taken(kind)).map(Type::sample);
        let never = self.never.iter().map(|json| parsed(json));
        foreign.chain(never).collect()
    }

    /// `body` with this member, and what it needs beside it.
    pub(super) fn put(&self, body: &str, value: Value) -> Value {
        let mut body = parsed(body);
        for (name, beside) in parsed(self.beside).as_object().into_iter().flatten() {
            body[name] = beside.clone();
        }
        let mut place = &mut body;
        for name in self.name.split('.') {
            place = &mut place[name];
        }
        *place = value;
        body
    }
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json} in the list of routes: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_is_of_any_other_type() {
        let field = Field::text("a.b").or_null().never(&[r#""""#]);
        assert_eq!(field.wrong_values(), [json!(true), json!(7), json!([]), json!({}), json!("")]);
    }

    #[test]
    fn a_member_of_a_member_is_put_where_it_belongs() {
        let field = Field::text("a.b").beside(r#"{"a":{"c":1}}"#);
        assert_eq!(field.put(r#"{"z":0}"#, json!(7)), json!({"z": 0, "a": {"c": 1, "b": 7}}));
    }
}
