//! Orders to the driver that the client library has no verb for.

use fantoccini::{elements::ElementRef, wd::WebDriverCompatibleCommand};
use serde_json::Value;

/// `GET /session/{id}/element/{element}/computed{label,role}`.
#[derive(Debug)]
pub(super) struct Computed {
    pub(super) what: &'static str,
    pub(super) element: ElementRef,
}

/// A command of the driver that is not part of WebDriver.
#[derive(Debug)]
pub(super) struct Vendor {
    pub(super) path: &'static str,
    pub(super) body: Value,
}

type Endpoint = Result<url::Url, url::ParseError>;

fn endpoint(base: &url::Url, session: Option<&str>, path: &str) -> Endpoint {
    base.join(&format!("session/{}/{path}", session.unwrap_or_default()))
}

impl WebDriverCompatibleCommand for Computed {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Endpoint {
        endpoint(base, session, &format!("element/{}/computed{}", self.element.as_ref(), self.what))
    }

    fn method_and_body(&self, _: &url::Url) -> (hyper::Method, Option<String>) {
        (hyper::Method::GET, None)
    }
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Endpoint {
        endpoint(base, session, self.path)
    }

    fn method_and_body(&self, _: &url::Url) -> (hyper::Method, Option<String>) {
        (hyper::Method::POST, Some(self.body.to_string()))
    }
}
