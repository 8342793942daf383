//! A parameter of a query: what a route never takes for it, and how it says so.

use super::field::Refusal;

/// A parameter of a query.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    pub name: &'static str,
    /// None where what makes no sense counts as nothing.
    pub refusal: Option<Refusal>,
    /// As they stand in the query.
    pub(super) never: &'static [&'static str],
    is_required: bool,
    /// What else has to be in the query for this one to be looked at.
    beside: &'static str,
}

impl Parameter {
    /// Whatever it is, it makes no request a bad one.
    pub(super) const fn lenient(name: &'static str) -> Self {
        Self { name, refusal: None, never: &[], is_required: false, beside: "" }
    }

    pub(super) const fn never(name: &'static str, refusal: Refusal, values: &'static [&'static str]) -> Self {
        Self { refusal: Some(refusal), never: values, ..Self::lenient(name) }
    }

    pub(super) const fn coded(name: &'static str, code: &'static str, values: &'static [&'static str]) -> Self {
        Self::never(name, Refusal::Coded(code), values)
    }

    pub(super) const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    pub(super) const fn beside(mut self, query: &'static str) -> Self {
        self.beside = query;
        self
    }

    /// Every query that is wrong in this parameter and in nothing else.
    pub(super) fn wrong_queries(&self) -> Vec<String> {
        let separator = if self.beside.is_empty() { "" } else { "&" };
        let with = |value: &&str| format!("?{}{separator}{}={value}", self.beside, self.name);
        let without =
            self.is_required.then(|| if self.beside.is_empty() { String::new() } else { format!("?{}", self.beside) });
        self.never.iter().map(with).chain(without).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_wrong_in_each_of_its_ways() {
        let path = Parameter::never("path", Refusal::File, &[""]).required();
        assert_eq!(path.wrong_queries(), ["?path=", ""]);
        let line = Parameter::coded("line", "x", &["0"]).beside("path=a");
        assert_eq!(line.wrong_queries(), ["?path=a&line=0"]);
    }
}
