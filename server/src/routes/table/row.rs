//! A row of the table, and how one is written.

use http::Method;

/// One route.
///
/// What it takes and gives stands here as shapes (see `openapi/shape.rs`), beside its path. Tests hold them against real answers.
#[derive(Clone, Debug)]
pub struct Row {
    verb: Verb,
    pattern: &'static str,
    twin: Twin,
    pub gate: Gate,
    pub key: Key,
    pub trust: Trust,
    /// One sentence for people.
    pub summary: &'static str,
    /// The status of an answer that went well.
    pub status: u16,
    /// Another one, with the same content.
    pub or_status: Option<u16>,
    /// Members of the query.
    pub query: &'static str,
    /// Members of the head that only some routes read.
    pub headers: &'static str,
    pub body: Body,
    pub answer: Answer,
    /// What it refuses beside what all routes of its kind do, see `openapi/refusals.rs`.
    pub refusals: &'static [&'static str],
}

#[derive(Clone, Copy, Debug)]
enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Who may, beside those with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Whoever is let in.
    Open,
    /// Nobody without a token.
    Strict,
}

/// Whether a request needs the token where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Needed,
    /// Not on a loopback bind without `--require-auth`.
    Mostly,
    /// It is the way to a credential.
    Never,
}

/// Whether the workspace's folder must be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    Unasked,
    /// Under `/workspaces/{workspace}` only.
    IfNamed,
    Needed,
}

/// Whether the same route exists for any workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Twin {
    None,
    /// Under `/workspaces/{workspace}`, too.
    Plural,
}

/// What it reads of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    None,
    /// JSON of this shape; anything else, and no body at all, reads as `{}`.
    Json(&'static str),
    /// Bytes of this type.
    Media(&'static str),
}

/// What an answer that went well holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Nothing,
    /// Nobody has described it yet; a test says so.
    Undescribed,
    /// JSON of this shape.
    Json(&'static str),
    /// Something else than JSON: one of these types.
    Media(&'static [&'static str]),
}

impl Row {
    const fn new(verb: Verb, pattern: &'static str, summary: &'static str) -> Self {
        Self {
            verb,
            pattern,
            twin: Twin::None,
            gate: Gate::Open,
            key: Key::Needed,
            trust: Trust::Unasked,
            summary,
            status: 200,
            or_status: None,
            query: "",
            headers: "",
            body: Body::None,
            answer: Answer::Undescribed,
            refusals: &[],
        }
    }

    /// Closed to those without a token.
    pub(super) const fn strict(mut self) -> Self {
        self.gate = Gate::Strict;
        self
    }

    pub(super) const fn key(mut self, key: Key) -> Self {
        self.key = key;
        self
    }

    /// For a folder that is trusted.
    pub(super) const fn trusted(mut self) -> Self {
        self.trust = Trust::Needed;
        self
    }

    /// For a folder that is trusted, where it is named by a plural route.
    pub(super) const fn trusted_if_named(mut self) -> Self {
        self.trust = Trust::IfNamed;
        self
    }

    /// Exists under `/workspaces/{workspace}`, too.
    pub(super) const fn plural(mut self) -> Self {
        self.twin = Twin::Plural;
        self
    }

    pub(super) const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) const fn or_status(mut self, status: u16) -> Self {
        self.or_status = Some(status);
        self
    }

    /// 204.
    pub(super) const fn empty(mut self) -> Self {
        self.answer = Answer::Nothing;
        self.status(204)
    }

    pub(super) const fn media(mut self, media_types: &'static [&'static str]) -> Self {
        self.answer = Answer::Media(media_types);
        self
    }

    pub(super) const fn gives(mut self, shape: &'static str) -> Self {
        self.answer = Answer::Json(shape);
        self
    }

    pub(super) const fn takes(mut self, shape: &'static str) -> Self {
        self.body = Body::Json(shape);
        self
    }

    pub(super) const fn takes_media(mut self, media_type: &'static str) -> Self {
        self.body = Body::Media(media_type);
        self
    }

    pub(super) const fn query(mut self, members: &'static str) -> Self {
        self.query = members;
        self
    }

    pub(super) const fn headers(mut self, members: &'static str) -> Self {
        self.headers = members;
        self
    }

    /// Reads who calls.
    pub(super) const fn by_client(self) -> Self {
        self.headers(CLIENT)
    }

    pub(super) const fn refuses(mut self, refusals: &'static [&'static str]) -> Self {
        self.refusals = refusals;
        self
    }

    /// Whether it looks at `X-Qwen-Client-Id`.
    #[must_use]
    pub fn is_by_client(&self) -> bool {
        self.headers.contains(CLIENT)
    }

    pub(super) fn method(&self) -> Method {
        match self.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Patch => Method::PATCH,
            Verb::Delete => Method::DELETE,
        }
    }

    /// Its paths: its own, and the one for any workspace.
    pub(super) fn patterns(&self) -> Vec<String> {
        let own = self.pattern.to_owned();
        match self.twin {
            Twin::None => vec![own],
            Twin::Plural => {
                let rest = ["/workspace/{id}/", "/workspace/", "/"].into_iter().find_map(|it| own.strip_prefix(it));
                let rest = rest.unwrap_or(&own).replace("{id}", "{session}");
                vec![format!("/workspaces/{{workspace}}/{rest}"), own]
            }
        }
    }
}

/// Who calls.
const CLIENT: &str = "X-Qwen-Client-Id?: string(..128) # an id that the daemon gave";

pub(super) const fn get(pattern: &'static str, summary: &'static str) -> Row {
    Row::new(Verb::Get, pattern, summary)
}

pub(super) const fn post(pattern: &'static str, summary: &'static str) -> Row {
    Row::new(Verb::Post, pattern, summary)
}

pub(super) const fn put(pattern: &'static str, summary: &'static str) -> Row {
    Row::new(Verb::Put, pattern, summary)
}

pub(super) const fn patch(pattern: &'static str, summary: &'static str) -> Row {
    Row::new(Verb::Patch, pattern, summary)
}

pub(super) const fn delete(pattern: &'static str, summary: &'static str) -> Row {
    Row::new(Verb::Delete, pattern, summary)
}
