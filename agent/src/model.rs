//! The model behind a session: it is asked with a history and answers with a stream of events.

mod anthropic;
mod catalogue;
mod demo;
mod failure;
mod http;
mod openai;

use std::{fmt, path::Path, sync::Arc};

use futures_util::{future::BoxFuture, stream::BoxStream};
use serde_json::Value;

pub(crate) use self::{
    catalogue::{Catalogue, Entry},
    failure::ModelError,
};
use crate::history::Message;

/// What a model is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// The system prompt.
    pub(crate) system: &'a str,
    pub(crate) history: &'a [Message],
    pub(crate) tools: &'a [ToolSpec],
    pub(crate) cwd: &'a Path,
}

/// A tool, as a model is told about it.
#[derive(Clone, Debug)]
pub(crate) struct ToolSpec {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) parameters: Value,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    Text(String),
    Thought(String),
    /// A tool call begins. Calls are numbered from 0 in the order they begin.
    Call {
        slot: usize,
        id: String,
        name: String,
    },
    /// More of a call's arguments: JSON text.
    Arguments {
        slot: usize,
        fragment: String,
    },
    Usage(Usage),
    /// The answer is whole. Nothing follows but the end of the stream.
    Finish(Finish),
}

/// Why an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Done,
    /// The provider's limit on the length of an answer.
    Length,
    Refusal,
}

/// Tokens of one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) total: u64,
    pub(crate) thoughts: u64,
    pub(crate) cached: u64,
}

/// An answer as it arrives. It ends after [`Event::Finish`]; one that ends without was cut off.
pub(crate) type Events = BoxStream<'static, Result<Event, ModelError>>;

/// A model.
pub(crate) trait Model: Send + Sync + fmt::Debug {
    /// Asks. Dropping the future or the stream breaks the request off.
    fn respond(&self, request: Request<'_>) -> BoxFuture<'static, Result<Events, ModelError>>;
}

/// A model that is shared by sessions.
pub(crate) type SharedModel = Arc<dyn Model>;
