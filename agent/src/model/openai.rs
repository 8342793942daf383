//! Any server that speaks OpenAI's chat completions, streaming.
//!
//! Read directly rather than through the multi-provider client: that one parses every chunk into a tree, copies a call's
//! arguments anew for each piece of them, and removes suffixes such as `-max` from model names.

mod body;
mod wire;

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use reqwest::{Response, StatusCode, header::CONTENT_TYPE};
use roost_core::sse;

use self::wire::{Chunk, Reading};
use super::{Event, Events, Model, ModelError, Request, failure::excerpt, http};
use crate::{
    config::{OpenAi, Secret},
    sign_in::{SignIn, SignInError},
};

/// Longest body read that is no stream, in bytes.
const MAX_WHOLE_BYTES: usize = 8 << 20;
/// Raw bytes kept to show what a stream that makes no sense looked like.
const MAX_FIRST_BYTES: usize = 400;
/// How long a server may take to end a body that is complete.
const END_TIME: Duration = Duration::from_secs(2);

/// One model of one server.
#[derive(Debug)]
pub(super) struct OpenAiModel {
    server: OpenAi,
    url: String,
}

/// An answer being read.
struct Answer {
    /// None once the answer is complete.
    response: Option<Response>,
    url: String,
    parser: sse::Parser,
    frames: Vec<sse::Frame>,
    reading: Reading,
    ready: VecDeque<Event>,
    first_bytes: Vec<u8>,
    has_frames: bool,
    is_over: bool,
}

impl OpenAiModel {
    pub(super) fn new(server: OpenAi) -> Self {
        Self { url: completions(&server.base_url), server }
    }
}

impl Model for OpenAiModel {
    fn respond(&self, request: Request<'_>) -> BoxFuture<'static, Result<Events, ModelError>> {
        let url = self.url.clone();
        let Some(model) = self.server.model.clone() else {
            let base_url = self.server.base_url.clone();
            return async move { Err(ModelError::NoModel { url: base_url }) }.boxed();
        };
        let body = body::completion(&model, &request, &self.server.tuning);
        let (api_key, variable) = (self.server.api_key.clone(), self.server.key_variable.clone());
        if let Some(sign_in) = self.server.sign_in.clone() {
            return signed_in(sign_in, model, body.into()).boxed();
        }
        async move {
            let response = post(&url, body.into(), api_key.as_ref()).await?;
            answer(response, url, &model, &variable).await
        }
        .boxed()
    }
}

async fn post(url: &str, body: Bytes, key: Option<&Secret>) -> Result<Response, ModelError> {
    let mut post = http::client()?.post(url).header(CONTENT_TYPE, "application/json").body(body);
    if let Some(key) = key {
        post = post.bearer_auth(key.expose());
    }
    post.send().await.map_err(|error| http::broken(url, &error))
}

/// Asks with the token of a sign-in. If the server refuses a token that has not expired, it is renewed once.
async fn signed_in(sign_in: SignIn, model: String, body: Bytes) -> Result<Events, ModelError> {
    let signed_out = |error: SignInError| ModelError::SignedOut(error.to_string());
    let mut bearer = sign_in.bearer(None).await.map_err(signed_out)?;
    let mut is_renewed = false;
    loop {
        let url = completions(&bearer.base_url);
        let response = post(&url, body.clone(), Some(&bearer.token)).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return answer(response, url, &model, "the sign-in").await;
        }
        if is_renewed {
            return Err(ModelError::SignedOut("its server does not take the token".to_owned()));
        }
        bearer = sign_in.bearer(Some(&bearer.token)).await.map_err(signed_out)?;
        is_renewed = true;
    }
}

fn completions(base_url: &str) -> String {
    format!("{base_url}/chat/completions")
}

async fn answer(response: Response, url: String, model: &str, variable: &str) -> Result<Events, ModelError> {
    let status = response.status();
    if !status.is_success() {
        let headers = response.headers().clone();
        let body = whole(response, &url).await.unwrap_or_default();
        let asked = http::Asked { url: &url, model, variable };
        return Err(http::refused(&asked, status, &headers, &body));
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Some servers answer whole however they are asked, and a page of HTML is a wrong address.
    if kind.contains("json") || kind.contains("html") {
        let body = whole(response, &url).await?;
        let mut reading = Reading::default();
        let mut events = VecDeque::new();
        let chunk: Option<Chunk> = serde_json::from_str(&body).ok();
        chunk
            .filter(Chunk::says_something)
            .ok_or_else(|| ModelError::Nonsense { url, excerpt: excerpt(&body) })?
            .read(&mut reading, &mut events)?;
        events.push_back(reading.finish());
        return Ok(stream::iter(events).map(Ok).boxed());
    }
    let answer = Answer {
        response: Some(response),
        url,
        parser: sse::Parser::default(),
        frames: Vec::new(),
        reading: Reading::default(),
        ready: VecDeque::new(),
        first_bytes: Vec::new(),
        has_frames: false,
        is_over: false,
    };
    Ok(stream::unfold(answer, |mut answer| async { answer.next().await.map(|event| (event, answer)) }).boxed())
}

/// A body that is no stream, up to the cap.
async fn whole(mut response: Response, url: &str) -> Result<String, ModelError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| http::broken(url, &error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_WHOLE_BYTES {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// Reads the end of a complete answer's body: only then can the next request use its connection.
fn keep_connection(mut response: Response) {
    tokio::spawn(tokio::time::timeout(END_TIME, async move { while let Ok(Some(_)) = response.chunk().await {} }));
}

impl Answer {
    /// The next event. What has arrived is handed out before the network is asked again.
    async fn next(&mut self) -> Option<Result<Event, ModelError>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if self.is_over {
                return None;
            }
            if let Err(error) = self.read().await {
                self.is_over = true;
                self.ready.clear();
                return Some(Err(error));
            }
        }
    }

    async fn read(&mut self) -> Result<(), ModelError> {
        let Some(response) = &mut self.response else { return self.end() };
        let chunk = response.chunk().await.map_err(|error| http::broken(&self.url, &error))?;
        let Some(chunk) = chunk else { return self.end() };
        if !self.has_frames {
            let room = MAX_FIRST_BYTES - self.first_bytes.len();
            self.first_bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        let pushed = self.parser.push(&chunk, &mut self.frames);
        pushed.map_err(|error| ModelError::Nonsense { url: self.url.clone(), excerpt: error.to_string() })?;
        for frame in self.frames.drain(..) {
            self.has_frames = true;
            let sse::Frame::Event(event) = frame else { continue };
            if event.data == "[DONE]" {
                self.ready.push_back(self.reading.finish());
                self.is_over = true;
                if let Some(response) = self.response.take() {
                    keep_connection(response);
                }
                break;
            }
            let chunk: Chunk = serde_json::from_str(&event.data)
                .map_err(|_| ModelError::Nonsense { url: self.url.clone(), excerpt: excerpt(&event.data) })?;
            chunk.read(&mut self.reading, &mut self.ready)?;
        }
        Ok(())
    }

    /// The server closed the stream. That is an end only when it gave a reason before.
    fn end(&mut self) -> Result<(), ModelError> {
        self.is_over = true;
        if self.reading.has_reason() {
            self.ready.push_back(self.reading.finish());
            return Ok(());
        }
        let url = self.url.clone();
        if !self.has_frames && !self.first_bytes.is_empty() {
            let excerpt = excerpt(&String::from_utf8_lossy(&self.first_bytes));
            return Err(ModelError::Nonsense { url, excerpt });
        }
        Err(ModelError::BrokenOff { url, cause: "the answer ended in the middle".to_owned() })
    }
}
