use crate::daemon::{request, running};

const LIMIT: usize = 10 * 1024 * 1024;

/// What a body without the member it needs is told.
const MISSING: &str = r#"{"error":"`code` must be a string","code":"invalid_request"}"#;

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let daemon = running(|_| {}).await;
    for body in ["{", "nonsense", "{\"code\":}", "{} {}", &"[".repeat(1_000_000)] {
        let answer = daemon.post("/auth/exchange", &[], body).await;
        let shown = &body[..body.len().min(20)];
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (400, r#"{"error":"Invalid JSON in request body"}"#),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_counts_as_the_empty_one() {
    let daemon = running(|_| {}).await;
    for body in ["", "[]", "7", "null", "\"code\"", "{}", "\u{feff}{}"] {
        let answer = daemon.post("/auth/exchange", &[], body).await;
        assert_eq!((answer.status, answer.text().as_str()), (400, MISSING), "{body:?}");
    }
}

#[tokio::test]
async fn a_body_of_another_type_counts_as_the_empty_one() {
    let daemon = running(|_| {}).await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let (host, kind) = (format!("Host: {}", daemon.host()), format!("Content-Type: {content_type}"));
        let answer =
            daemon.raw(&request("POST /auth/exchange", &[&host, &kind, "Content-Length: 12"], r#"{"code":"x"}"#)).await;
        assert_eq!((answer.status, answer.text().as_str()), (400, MISSING), "{content_type}");
    }
}

#[tokio::test]
async fn ten_megabytes_are_taken_and_one_byte_more_is_not() {
    let daemon = running(|_| {}).await;
    let frame = r#"{"code":7,"x":""}"#.len();
    let body = |bytes: usize| format!(r#"{{"code":7,"x":"{}"}}"#, "x".repeat(bytes - frame));
    assert_eq!(daemon.post("/auth/exchange", &[], &body(LIMIT)).await.text(), MISSING);
    let answer = daemon.post("/auth/exchange", &[], &body(LIMIT + 1)).await;
    assert_eq!((answer.status, answer.text().as_str()), (413, r#"{"error":"Request body too large (max 10 MB)"}"#));
}

#[tokio::test]
async fn a_chunked_body_is_measured_as_it_comes() {
    let daemon = running(|_| {}).await;
    let host = format!("Host: {}", daemon.host());
    let chunk = format!("{:x}\r\n{}\r\n", LIMIT / 8, " ".repeat(LIMIT / 8));
    let body = format!("{}1\r\n \r\n0\r\n\r\n", chunk.repeat(8));
    let headers = [host.as_str(), "Content-Type: application/json", "Transfer-Encoding: chunked"];
    assert_eq!(daemon.raw(&request("POST /auth/exchange", &headers, &body)).await.status, 413);
}

#[tokio::test]
async fn a_refused_upload_still_reads_its_refusal() {
    let daemon = running(|_| {}).await;
    let answer = daemon.post("/capabilities", &[], &"x".repeat(LIMIT * 2)).await;
    assert_eq!((answer.status, answer.text().as_str()), (401, r#"{"error":"Unauthorized"}"#));
}
