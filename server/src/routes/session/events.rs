//! `GET /session/:id/events`: what a stream is asked for.

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use http::{HeaderMap, StatusCode};
use roost_core::bus::{MaxQueued, Subscribe, SubscribeError};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::live;
use crate::{App, WireError, driver::LiveSession, events};

/// `data` of `session_snapshot`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Snapshot<'a> {
    session_id: &'a str,
    current_model_id: Option<Box<str>>,
    current_approval_mode: Option<Box<str>>,
    recording_degraded: bool,
}

pub(super) async fn stream(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, WireError> {
    let query = query.unwrap_or_default();
    let max_queued = max_queued(&query)?;
    let live = live(&app, &id)?;
    let snapshot = if wants_snapshot(&query) { snapshot(&live) } else { None };
    let wish = Subscribe { cursor: events::cursor(&headers), max_queued, snapshot };
    let subscription = live.stream.subscribe(wish).map_err(too_many)?;
    let epoch = live.stream.bus().epoch().clone();
    Ok(events::respond(subscription, &epoch, app.workspaces.open_streams()))
}

fn max_queued(query: &str) -> Result<Option<MaxQueued>, WireError> {
    let value = parameters(query).find(|(name, _)| *name == "maxQueued").map(|(_, value)| value);
    let parsed = value.map(MaxQueued::parse).transpose();
    parsed.map_err(|why| WireError::bad_request(why.to_string()).code("invalid_max_queued"))
}

fn wants_snapshot(query: &str) -> bool {
    parameters(query).any(|parameter| parameter == ("snapshot", "1"))
}

fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
}

fn snapshot(live: &LiveSession) -> Option<Box<RawValue>> {
    let state = live.agent_state();
    let snapshot = Snapshot {
        session_id: live.id.as_str(),
        current_model_id: state.current_model_id().map(Into::into),
        current_approval_mode: state.current_mode_id().map(Into::into),
        recording_degraded: live.is_recording_degraded(),
    };
    to_raw_value(&snapshot).ok()
}

fn too_many(error: SubscribeError) -> WireError {
    WireError::new(StatusCode::TOO_MANY_REQUESTS, error.to_string())
        .code("subscriber_limit_exceeded")
        .with("limit", error.limit)
        .retry_after(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(last_event_id: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert("last-event-id", last_event_id.parse().expect("a header value"));
        events::cursor(&headers).map(|cursor| cursor.last_event_id)
    }

    #[test]
    fn only_a_plain_decimal_number_is_a_cursor() {
        assert_eq!(read("0"), Some(0));
        assert_eq!(read("9007199254740991"), Some(events::MAX_EVENT_ID));
        for none in ["", "abc", "-1", "1.5", "+1", "9007199254740992", "99999999999999999999999"] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }

    #[test]
    fn max_queued_is_refused_when_it_is_there_and_no_good() {
        assert_eq!(max_queued("snapshot=1").map(|max| max.is_none()).ok(), Some(true));
        assert!(max_queued("maxQueued=16").is_ok());
        for bad in ["maxQueued", "maxQueued=", "maxQueued=15", "a=1&maxQueued=x"] {
            assert!(max_queued(bad).is_err(), "{bad}");
        }
    }
}
