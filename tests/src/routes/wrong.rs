//! Requests that are good but for one thing.

use serde_json::Value;

use super::{Field, Parameter, Refusal, Route, bodies::BODIES, queries::QUERIES};

/// A request that is good but for one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    /// With its question mark; often empty.
    pub query: String,
    /// What is sent; for routes that take no JSON null.
    pub body: Value,
    pub refusal: Refusal,
    /// Which member or parameter is wrong, and how.
    pub what: String,
}

impl Route {
    /// The members of its body.
    #[must_use]
    pub fn fields(&self) -> &'static [Field] {
        BODIES.iter().find(|body| (body.0, body.1) == (self.method, self.written)).map_or(&[], |body| body.2)
    }

    /// The parameters of its query.
    #[must_use]
    pub fn parameters(&self) -> &'static [Parameter] {
        QUERIES.iter().find(|query| (query.0, query.1) == (self.method, self.written)).map_or(&[], |query| query.2)
    }

    /// Every request that is wrong in one member of the body or one parameter of the query.
    #[must_use]
    pub fn wrongs(&self) -> Vec<Wrong> {
        let members = self.fields().iter().filter_map(|field| Some((field, field.refusal?)));
        let members = members.flat_map(|(field, refusal)| {
            field.wrong_values().into_iter().map(move |value| Wrong {
                query: String::new(),
                what: format!("{} is {value}", field.name),
                body: field.put(self.body, value),
                refusal,
            })
        });
        let parameters = self.parameters().iter().filter_map(|parameter| Some((parameter, parameter.refusal?)));
        let queries = parameters.flat_map(|(parameter, refusal)| {
            parameter.wrong_queries().into_iter().map(move |query| {
                let what = if query.is_empty() { format!("no {}", parameter.name) } else { query.clone() };
                (query, what, refusal)
            })
        });
        let good: Value = serde_json::from_str(self.body).unwrap_or_default();
        let queries = queries.map(|(query, what, refusal)| Wrong { query, body: good.clone(), refusal, what });
        members.chain(queries).collect()
    }
}
