//! What was asked and answered, for whoever looks at it afterwards.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, header};

use super::Response;

/// A request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub method: Method,
    /// Path and query.
    pub target: String,
    pub content_type: String,
    pub body: Bytes,
    pub response: Response,
}

/// Exchanges in the order of their answers. Clones are the same record.
#[derive(Clone, Debug, Default)]
pub struct Record(Arc<Mutex<Vec<Exchange>>>);

/// A request whose answer is not there yet.
#[derive(Debug)]
pub(super) struct Asked {
    method: Method,
    target: String,
    content_type: String,
    body: Bytes,
}

impl Record {
    /// All that have been answered since it was asked the last time.
    #[must_use]
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn answered(&self, asked: Asked, response: Response) {
        let Asked { method, target, content_type, body } = asked;
        let exchange = Exchange { method, target, content_type, body, response };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }
}

impl Asked {
    pub(super) async fn of(request: Request<Full<Bytes>>) -> (Self, Request<Full<Bytes>>) {
        let (head, body) = request.into_parts();
        let body = match http_body_util::BodyExt::collect(body).await {
            Ok(body) => body.to_bytes(),
            Err(never) => match never {},
        };
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let asked = Self {
            method: head.method.clone(),
            target: head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            content_type: content_type.unwrap_or_default().to_owned(),
            body: body.clone(),
        };
        (asked, Request::from_parts(head, Full::from(body)))
    }
}
