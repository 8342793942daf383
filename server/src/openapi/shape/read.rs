//! From text to [`Shape`].

use serde_json::{Value, json};

use super::{Bounds, Member, Members, Shape, Shapes};

/// A text is no shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at} there should be {wanted}")]
pub(in crate::openapi) struct Malformed {
    /// In bytes from the text's beginning.
    pub(super) at: usize,
    pub(super) wanted: &'static str,
}

pub(super) fn shape(text: &str, shapes: &Shapes) -> Result<Shape, Malformed> {
    let mut reader = Reader { text, at: 0, shapes };
    let shape = reader.shape()?;
    reader.end()?;
    Ok(shape)
}

pub(super) fn members(text: &str, shapes: &Shapes) -> Result<Members, Malformed> {
    let mut reader = Reader { text, at: 0, shapes };
    let members = reader.members()?;
    reader.end()?;
    Ok(members)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    shapes: &'a Shapes,
}

impl<'a> Reader<'a> {
    fn wanted<T>(&self, wanted: &'static str) -> Result<T, Malformed> {
        Err(Malformed { at: self.at, wanted })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes `sign` if it comes next.
    fn takes(&mut self, sign: &str) -> bool {
        self.skip_space();
        let is_next = self.rest().starts_with(sign);
        if is_next {
            self.at += sign.len();
        }
        is_next
    }

    fn end(&mut self) -> Result<(), Malformed> {
        self.skip_space();
        if self.rest().is_empty() { Ok(()) } else { self.wanted("the end") }
    }

    /// Takes what `is_part` accepts; nothing is none.
    fn run(&mut self, is_part: impl Fn(char) -> bool) -> Option<&'a str> {
        self.skip_space();
        let rest = self.rest();
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += length;
        Some(&rest[..length]).filter(|run| !run.is_empty())
    }

    fn shape(&mut self) -> Result<Shape, Malformed> {
        // Lists of alternatives may begin with a bar on each line.
        self.takes("|");
        let mut shapes = vec![self.term()?];
        while self.takes("|") {
            shapes.push(self.term()?);
        }
        Ok(if shapes.len() == 1 { shapes.swap_remove(0) } else { Shape::OneOf(shapes) })
    }

    fn term(&mut self) -> Result<Shape, Malformed> {
        let mut shape = self.base()?;
        while self.takes("[") {
            shape = Shape::List(Box::new(shape), self.bounds("]")?);
        }
        Ok(shape)
    }

    fn base(&mut self) -> Result<Shape, Malformed> {
        if self.takes("{") {
            let members = self.members()?;
            return if self.takes("}") { Ok(Shape::Object(members)) } else { self.wanted("`,` or `}`") };
        }
        if self.takes("(") {
            let shape = self.shape()?;
            return if self.takes(")") { Ok(shape) } else { self.wanted("`)`") };
        }
        if let Some(value) = self.literal()? {
            return Ok(Shape::Just(value));
        }
        match self.run(|c| c.is_ascii_alphanumeric()) {
            Some(word) => self.word(word),
            None => self.wanted("a shape"),
        }
    }

    fn word(&mut self, word: &str) -> Result<Shape, Malformed> {
        Ok(match word {
            "any" => Shape::Any,
            "object" => Shape::Object(Members { named: Vec::new(), others: Some(Box::new(Shape::Any)) }),
            "bool" => Shape::Flag,
            "int" => Shape::Integer(self.bounds_if_any()?),
            "number" => Shape::Number(self.bounds_if_any()?),
            "string" => Shape::Text(self.bounds_if_any()?, None),
            "uuid" => Shape::Text(Bounds::default(), Some("uuid")),
            "time" => Shape::Text(Bounds::default(), Some("date-time")),
            "ms" => Shape::Integer(Bounds(Some(0), None)),
            name if self.shapes.text(name).is_some() => Shape::Named(name.to_owned()),
            _ => return self.wanted("another shape, for nothing has this name"),
        })
    }

    /// A text in quotes, a whole number, true, false or null.
    fn literal(&mut self) -> Result<Option<Value>, Malformed> {
        if self.takes("'") {
            let rest = self.rest();
            let Some(length) = rest.find('\'') else {
                self.at = self.text.len();
                return self.wanted("`'`");
            };
            self.at += length + 1;
            return Ok(Some(json!(rest[..length])));
        }
        let before = self.at;
        let value = match self.run(|c| c.is_ascii_alphanumeric() || c == '-') {
            Some("true") => Some(json!(true)),
            Some("false") => Some(json!(false)),
            Some("null") => Some(Value::Null),
            Some(word) => word.parse::<i64>().ok().map(Value::from),
            None => None,
        };
        if value.is_none() {
            self.at = before;
        }
        Ok(value)
    }

    fn bounds_if_any(&mut self) -> Result<Bounds, Malformed> {
        if self.takes("(") { self.bounds(")") } else { Ok(Bounds::default()) }
    }

    /// `1..5`, `..5`, `1..` or nothing, up to `close`.
    fn bounds(&mut self, close: &str) -> Result<Bounds, Malformed> {
        if self.takes(close) {
            return Ok(Bounds::default());
        }
        let least = self.number();
        if !self.takes("..") {
            return self.wanted("`..`");
        }
        let most = self.number();
        if self.takes(close) { Ok(Bounds(least, most)) } else { self.wanted("the end of the bounds") }
    }

    fn number(&mut self) -> Option<i64> {
        let before = self.at;
        let number = self.run(|c| c.is_ascii_digit() || c == '-').and_then(|digits| digits.parse().ok());
        if number.is_none() {
            self.at = before;
        }
        number
    }

    fn members(&mut self) -> Result<Members, Malformed> {
        let mut members = Members::default();
        loop {
            self.skip_space();
            if self.rest().is_empty() || self.rest().starts_with('}') {
                return Ok(members);
            }
            let place = self.one_member(&mut members)?;
            let has_more = self.takes(",");
            let note = self.note();
            if let (Some(at), Some(note)) = (place, note) {
                members.named[at].note = Some(note);
            }
            if !has_more {
                return Ok(members);
            }
        }
    }

    /// Reads one into `members`. Its place, if it has a name.
    fn one_member(&mut self, members: &mut Members) -> Result<Option<usize>, Malformed> {
        if self.takes("...") {
            let name = self.run(|c| c.is_ascii_alphanumeric()).unwrap_or_default();
            let Some(text) = self.shapes.text(name) else { return self.wanted("the name of a shape") };
            let Shape::Object(taken) = shape(text, self.shapes)? else { return self.wanted("the name of an object") };
            members.named.extend(taken.named);
            members.others = taken.others.or(members.others.take());
            return Ok(None);
        }
        if self.takes("*") {
            self.colon()?;
            members.others = Some(Box::new(self.shape()?));
            return Ok(None);
        }
        let Some(name) = self.run(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) else {
            return self.wanted("a member");
        };
        let is_optional = self.takes("?");
        self.colon()?;
        let shape = self.shape()?;
        let default = if self.takes("=") { Some(self.default()?) } else { None };
        members.named.push(Member { name: name.to_owned(), is_optional, shape, default, note: None });
        Ok(Some(members.named.len() - 1))
    }

    fn colon(&mut self) -> Result<(), Malformed> {
        if self.takes(":") { Ok(()) } else { self.wanted("`:`") }
    }

    fn default(&mut self) -> Result<Value, Malformed> {
        match self.literal()? {
            Some(value) => Ok(value),
            None => self.wanted("a value"),
        }
    }

    fn note(&mut self) -> Option<String> {
        if !self.takes("#") {
            return None;
        }
        let line = self.rest().lines().next().unwrap_or_default();
        self.at += line.len();
        Some(line.trim().to_owned())
    }
}
