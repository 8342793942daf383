//! A setting that clients may see and change: its kind, its words, its bounds.

use roost_core::settings::lookup;
use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::{Map, Value, json};

use super::{Layers, Scope, mask};

/// Longest text a setting may be, in bytes.
const MAX_TEXT_BYTES: usize = 4_096;

/// A setting of the panel.
#[derive(Debug)]
pub struct Row {
    /// Dotted.
    pub key: &'static str,
    pub(super) kind: Kind,
    label: &'static str,
    category: &'static str,
    description: &'static str,
    /// A change needs a new agent or session.
    pub requires_restart: bool,
    fallback: Fallback,
}

/// What values it takes.
#[derive(Debug)]
pub(super) enum Kind {
    Flag,
    /// Finite, from the first to the second, both included.
    Number(f64, f64),
    /// The same, whole.
    Integer(i64, i64),
    Text,
    /// One of these: value and label.
    Choice(&'static [(&'static str, &'static str)]),
    Object,
}

/// What holds where no file says anything.
#[derive(Debug)]
enum Fallback {
    None,
    Flag(bool),
    Number(i64),
    Text(&'static str),
    EmptyObject,
}

/// Why a value does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidValue {
    #[error("Value must be a boolean")]
    Flag,
    #[error("Value must be a number from {0} to {1}")]
    Number(String, String),
    #[error("Value must be a whole number from {0} to {1}")]
    Integer(i64, i64),
    #[error("Value must be a string")]
    Text,
    #[error("Value must be at most {MAX_TEXT_BYTES} bytes long and have no control characters")]
    OddText,
    #[error("Value must be one of: {0}")]
    Choice(String),
    #[error("Value must be an object")]
    Object,
    #[error("Value contains a masked secret that stands for nothing in this scope; write the secret itself")]
    Masked,
}

impl Row {
    pub(super) const fn new(key: &'static str, kind: Kind, label: &'static str, category: &'static str) -> Self {
        Self { key, kind, label, category, description: "", requires_restart: false, fallback: Fallback::None }
    }

    pub(super) const fn flag(key: &'static str, on: bool, label: &'static str, category: &'static str) -> Self {
        Self { fallback: Fallback::Flag(on), ..Self::new(key, Kind::Flag, label, category) }
    }

    pub(super) const fn text(
        key: &'static str,
        fallback: &'static str,
        label: &'static str,
        category: &'static str,
    ) -> Self {
        Self { fallback: Fallback::Text(fallback), ..Self::new(key, Kind::Text, label, category) }
    }

    pub(super) const fn choice(
        key: &'static str,
        options: &'static [(&'static str, &'static str)],
        label: &'static str,
        category: &'static str,
    ) -> Self {
        Self::new(key, Kind::Choice(options), label, category)
    }

    pub(super) const fn about(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    pub(super) const fn restarts(mut self) -> Self {
        self.requires_restart = true;
        self
    }

    pub(super) const fn or_number(mut self, fallback: i64) -> Self {
        self.fallback = Fallback::Number(fallback);
        self
    }

    pub(super) const fn or_text(mut self, fallback: &'static str) -> Self {
        self.fallback = Fallback::Text(fallback);
        self
    }

    pub(super) const fn or_empty(mut self) -> Self {
        self.fallback = Fallback::EmptyObject;
        self
    }

    /// # Errors
    /// The value is not of the row's kind, or beyond its bounds.
    pub fn check(&self, value: &Value) -> Result<(), InvalidValue> {
        match &self.kind {
            Kind::Flag => value.is_boolean().then_some(()).ok_or(InvalidValue::Flag),
            Kind::Number(least, most) => {
                let fits = value.as_f64().is_some_and(|number| (*least..=*most).contains(&number));
                fits.then_some(()).ok_or_else(|| InvalidValue::Number(least.to_string(), most.to_string()))
            }
            Kind::Integer(least, most) => {
                let fits = value.as_i64().is_some_and(|number| (*least..=*most).contains(&number));
                fits.then_some(()).ok_or(InvalidValue::Integer(*least, *most))
            }
            Kind::Text => match value.as_str() {
                None => Err(InvalidValue::Text),
                Some(text) if text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) => {
                    Err(InvalidValue::OddText)
                }
                Some(_) => Ok(()),
            },
            Kind::Choice(options) => {
                let fits = value.as_str().is_some_and(|text| options.iter().any(|(option, _)| *option == text));
                fits.then_some(()).ok_or_else(|| InvalidValue::Choice(names(options)))
            }
            Kind::Object => value.is_object().then_some(()).ok_or(InvalidValue::Object),
        }
    }

    fn fallback(&self) -> Option<Value> {
        match self.fallback {
            Fallback::None => None,
            Fallback::Flag(on) => Some(on.into()),
            Fallback::Number(number) => Some(number.into()),
            Fallback::Text(text) => Some(text.into()),
            Fallback::EmptyObject => Some(json!({})),
        }
    }

    fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Flag => "boolean",
            Kind::Number(..) => "number",
            Kind::Integer(..) => "integer",
            Kind::Text => "string",
            Kind::Choice(_) => "enum",
            Kind::Object => "object",
        }
    }

    /// The row with its values in the files, secrets masked.
    #[must_use]
    pub fn view(&'static self, layers: &Layers) -> RowView {
        let effective = layers.get(self.key).or_else(|| self.fallback());
        let at = |scope| lookup(&layers.of(scope), self.key).cloned();
        let values = [("effective", effective), ("user", at(Scope::User)), ("workspace", at(Scope::Workspace))];
        let values = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), mask::masked(&value?))));
        RowView { row: self, values: values.collect() }
    }
}

fn names(options: &[(&str, &str)]) -> String {
    options.iter().map(|(value, _)| *value).collect::<Vec<_>>().join(", ")
}

/// A row as the wire shows it.
#[derive(Debug)]
pub struct RowView {
    row: &'static Row,
    values: Map<String, Value>,
}

impl Serialize for RowView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Choice {
            value: &'static str,
            label: &'static str,
        }
        let row = self.row;
        let mut view = serializer.serialize_struct("Row", 9)?;
        view.serialize_field("key", row.key)?;
        view.serialize_field("type", row.type_name())?;
        view.serialize_field("label", row.label)?;
        view.serialize_field("category", row.category)?;
        if !row.description.is_empty() {
            view.serialize_field("description", row.description)?;
        }
        view.serialize_field("requiresRestart", &row.requires_restart)?;
        if let Some(fallback) = row.fallback() {
            view.serialize_field("default", &fallback)?;
        }
        if let Kind::Choice(options) = row.kind {
            let options: Vec<Choice> = options.iter().map(|&(value, label)| Choice { value, label }).collect();
            view.serialize_field("options", &options)?;
        }
        view.serialize_field("values", &self.values)?;
        view.end()
    }
}
