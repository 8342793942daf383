//! Requests typed by the ACP schema, answered with plain JSON.

use std::fmt::Debug;

use agent_client_protocol::{Error, JsonRpcMessage, JsonRpcRequest, UntypedMessage};
use serde_json::Value;

/// A request the schema types and checks, answered with plain JSON: the wire's answers carry fields (`models`, `_meta`)
/// that the schema's response types would drop.
#[derive(Clone, Debug)]
pub(super) struct Plain<T>(pub(super) T);

impl<T: JsonRpcRequest> JsonRpcMessage for Plain<T> {
    fn matches_method(method: &str) -> bool {
        T::matches_method(method)
    }

    fn method(&self) -> &str {
        self.0.method()
    }

    fn to_untyped_message(&self) -> Result<UntypedMessage, Error> {
        self.0.to_untyped_message()
    }

    fn parse_message(method: &str, params: &Value) -> Result<Self, Error> {
        T::parse_message(method, params).map(Self)
    }
}

impl<T: JsonRpcRequest> JsonRpcRequest for Plain<T> {
    type Response = Value;
}
