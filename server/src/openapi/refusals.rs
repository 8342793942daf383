//! Which refusals a route gives: those its row names, and those that follow from what kind of route it is.
//!
//! A row says `404 prompt_not_found; 503 - prompt_queue_full`: under each status the codes, by their words. `-` is a refusal without a
//! code, `#` one with a number as its code: an agent's own. `@binary_file` is the `errorKind` of the envelope that routes about files
//! have, `!` an error of JSON-RPC, `artifact` what the routes of artifacts say in a form of their own.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde_json::{Value, json};

use crate::routes::table::{Gate, Key, Route, Trust};

/// By status, what is said under it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusals(BTreeMap<u16, BTreeSet<&'static str>>);

/// A row says something else than refusals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not begin with a status from 400 to 599")]
pub(super) struct NoStatus(&'static str);

impl Refusals {
    /// All of a route's.
    ///
    /// # Errors
    /// The row's own are written in another way.
    pub(super) fn of(route: &Route) -> Result<Self, NoStatus> {
        let mut refusals = Self::default();
        for part in route.row.refusals.iter().copied().chain(common(route)) {
            refusals.add(part)?;
        }
        Ok(refusals)
    }

    fn add(&mut self, text: &'static str) -> Result<(), NoStatus> {
        for part in text.split(';') {
            let mut words = part.split_whitespace();
            let status =
                words.next().and_then(|status| status.parse().ok()).filter(|status| (400..600).contains(status));
            self.0.entry(status.ok_or(NoStatus(part))?).or_default().extend(words);
        }
        Ok(())
    }

    /// As `responses` of an operation.
    pub(super) fn responses(&self) -> impl Iterator<Item = (String, Value)> {
        self.0.iter().map(|(status, codes)| (status.to_string(), response(*status, codes)))
    }
}

/// What needs no saying.
fn common(route: &Route) -> impl Iterator<Item = &'static str> {
    let (row, pattern) = (route.row, route.pattern.as_str());
    let names_workspace = pattern.contains("{workspace}");
    let is_live = pattern.starts_with("/session/{id}") || pattern.contains("/session/{session}");
    let is_trust_needed = match row.trust {
        Trust::Unasked => false,
        Trust::IfNamed => names_workspace,
        Trust::Needed => true,
    };
    let is_keyed = match row.key {
        Key::Needed | Key::Mostly => true,
        Key::Never => false,
    };
    // A body that is no JSON, too slow, too large or encoded, whether or not it is looked at; Origin and Host; whatever goes wrong here.
    let mut all = vec!["400 -; 403 -; 408 -; 413 -; 415 -; 500 -"];
    all.extend(is_keyed.then_some("401 -"));
    all.extend((row.gate == Gate::Strict).then_some("401 token_required"));
    all.extend((pattern != "/health").then_some("429 rate_limit_exceeded"));
    all.extend(names_workspace.then_some("400 workspace_mismatch"));
    all.extend(pattern.starts_with("/workspace/{id}").then_some("400 - workspace_mismatch"));
    all.extend(is_live.then_some("404 session_not_found"));
    all.extend(row.is_by_client().then_some("400 invalid_client_id"));
    all.extend(is_trust_needed.then_some("403 untrusted_workspace"));
    all.into_iter()
}

fn response(status: u16, codes: &BTreeSet<&'static str>) -> Value {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let words: Vec<&str> = codes.iter().copied().filter(|code| is_word(code)).collect();
    let kinds: Vec<&str> = codes.iter().filter_map(|code| code.strip_prefix('@')).collect();
    let mut forms = Vec::new();
    if !words.is_empty() {
        forms.push(narrowed("Error", "code", &json!({"enum": words})));
    }
    if codes.contains("#") {
        forms.push(narrowed("Error", "code", &json!({"type": "integer"})));
    }
    if codes.contains("-") {
        forms.push(json!({"allOf": [{"$ref": "#/components/schemas/Error"}, {"not": {"required": ["code"]}}]}));
    }
    if !kinds.is_empty() {
        forms.push(narrowed("FileError", "errorKind", &json!({"enum": kinds})));
    }
    if codes.contains(INVALID_ARTIFACT) {
        forms.push(json!({"$ref": "#/components/schemas/InvalidArtifact"}));
    }
    if codes.contains("!") {
        forms.push(json!({"$ref": "#/components/schemas/RpcMessage"}));
    }
    let schema = if forms.len() == 1 { forms.swap_remove(0) } else { json!({"anyOf": forms}) };
    let mut said = vec![reason.unwrap_or("Refused").to_owned()];
    said.extend((!words.is_empty()).then(|| words.join(", ")));
    said.extend((!kinds.is_empty()).then(|| kinds.join(", ")));
    let mut response = json!({"description": said.join(": "), "content": {"application/json": {"schema": schema}}});
    if matches!(status, 429 | 503) {
        let seconds = json!({"description": "Seconds after which to try again", "schema": {"type": "integer"}});
        response["headers"] = json!({"Retry-After": seconds});
    }
    response
}

/// What stands in a row for that form.
const INVALID_ARTIFACT: &str = "artifact";

fn is_word(code: &str) -> bool {
    code != INVALID_ARTIFACT && code.starts_with(|first: char| first.is_ascii_alphabetic())
}

fn narrowed(form: &str, member: &str, to: &Value) -> Value {
    let narrow = json!({"required": [member], "properties": {member: to}});
    json!({"allOf": [{"$ref": format!("#/components/schemas/{form}")}, narrow]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_gathered_by_status() {
        let mut refusals = Refusals::default();
        refusals.add("404 a b; 503 -").expect("refusals");
        refusals.add("404 c").expect("refusals");
        let codes: Vec<(u16, Vec<&str>)> =
            refusals.0.iter().map(|(status, codes)| (*status, codes.iter().copied().collect())).collect();
        assert_eq!(codes, [(404, vec!["a", "b", "c"]), (503, vec!["-"])]);
        for bad in ["", "a", "200 a", "404 a; b"] {
            assert!(refusals.add(bad).is_err(), "{bad}");
        }
    }
}
