use serde_json::value::{RawValue, to_raw_value};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn lines(max_line_bytes: usize, chunks: &[&[u8]]) -> Vec<Result<Vec<u8>, LineTooLong>> {
    let mut lines = Lines::new(max_line_bytes);
    let mut out = Vec::new();
    for chunk in chunks {
        lines.push(chunk);
        while let Some(line) = lines.next_line().transpose() {
            out.push(line.map(|line| line.to_vec()));
        }
    }
    out
}

#[test]
fn lines_end_in_lf_or_crlf_and_blank_ones_are_nothing() {
    let expected = [Ok(b"a".to_vec()), Ok(b"b \xff".to_vec()), Ok(b"c\rd".to_vec())];
    assert_eq!(lines(9, &[b"a\nb \xff\r\n\n\r\nc\rd\ntorn"]), expected);
    assert_eq!(lines(9, &[b"a", b"", b"\nb \xff\r", b"\n\n\r", b"\nc\r", b"d\n"]), expected);
}

#[test]
fn a_torn_line_stays_in_sight() {
    let mut lines = Lines::new(9);
    lines.push(b"a\nbc");
    assert_eq!(lines.next_line().expect("short").as_deref(), Some(&b"a"[..]));
    assert_eq!(lines.next_line(), Ok(None));
    assert_eq!(lines.remainder(), b"bc");
}

#[test]
fn a_line_over_the_limit_is_named_once_and_skipped() {
    let expected = [Ok(b"abc".to_vec()), Err(LineTooLong { max_bytes: 3 }), Ok(b"xyz".to_vec())];
    assert_eq!(lines(3, &[b"abc\nabcdefgh\nxyz\n"]), expected);
    assert_eq!(lines(3, &[b"abc\nab", b"cd", b"efgh", b"\nxy", b"z\n"]), expected);
}

#[test]
fn a_line_that_never_ends_holds_no_more_memory_than_allowed() {
    let mut lines = Lines::new(8);
    for _ in 0..1000 {
        lines.push(b"xxxxx");
        let _ = lines.next_line();
        assert!(lines.remainder().len() <= 8);
    }
}

fn shape(line: &str) -> String {
    match Message::parse(line.as_bytes()) {
        Ok(message) => format!("{message:?}"),
        Err(error) => format!("{} {error}", error.code()),
    }
}

#[test]
fn a_call_with_an_id_is_a_request_and_without_one_a_notification() {
    let line = br#"{"jsonrpc":"2.0","id":"a","method":"session/prompt","params":{"n": [1,  2]}}"#;
    let Ok(Message::Request { id, method, params }) = Message::parse(line) else { panic!("a request") };
    assert_eq!((id, &*method, params.get()), (RpcId::Text("a".to_owned()), "session/prompt", r#"{"n": [1,  2]}"#));

    let line = br#"{"method":"x","jsonrpc":"2.0","_meta":{}}"#;
    let Ok(Message::Notification { method, params }) = Message::parse(line) else { panic!("a notification") };
    assert_eq!((&*method, params.get()), ("x", "null"));

    let line = br#"{"jsonrpc":"2.0","id":null,"method":"x"}"#;
    assert!(matches!(Message::parse(line), Ok(Message::Request { id: RpcId::Null, .. })));
}

#[test]
fn an_answer_is_a_result_or_an_error() {
    let line = br#"{"jsonrpc":"2.0","id":3,"result":null}"#;
    let Ok(Message::Response { id: RpcId::Number(3), outcome: Ok(result) }) = Message::parse(line) else {
        panic!("a result")
    };
    assert_eq!(result.get(), "null");

    let line =
        br#"{"jsonrpc":"2.0","id":3,"result":null,"error":{"code":-32603,"message":"no","data":{"details":"x"}}}"#;
    let Ok(Message::Response { outcome: Err(error), .. }) = Message::parse(line) else { panic!("an error") };
    assert_eq!((error.code, error.message.as_str()), (code::INTERNAL_ERROR, "no"));
    assert_eq!(error.data.expect("data").get(), r#"{"details":"x"}"#);
    assert!(shape(r#"{"jsonrpc":"2.0","id":3,"result":1,"error":null}"#).starts_with("Response"));
}

#[test]
fn nonsense_is_named() {
    for (line, name) in [
        ("", "-32700 not JSON"),
        ("{", "-32700 not JSON"),
        ("hello", "-32700 not JSON"),
        (r#"{"jsonrpc":"2.0","method":"x"} trailing"#, "-32700 not JSON"),
        ("[1]", "-32600 a batch"),
        ("7", "-32600 a JSON value that is not an object"),
        (r#"{"jsonrpc":"2.0","method":7}"#, "-32600 a member of the wrong type"),
        (r#"{"jsonrpc":"2.0","method":"x","id":1.5}"#, "-32600 a member of the wrong type"),
        (r#"{"jsonrpc":"2.0","method":"x","id":{}}"#, "-32600 a member of the wrong type"),
        (r#"{"jsonrpc":"2.0","id":1,"error":[1,"x"]}"#, "-32600 a JSON value that is not an object"),
        (r#"{"method":"x"}"#, "-32600 not marked as JSON-RPC 2.0"),
        (r#"{"jsonrpc":"1.0","method":"x"}"#, "-32600 not marked"),
        (r#"{"jsonrpc":"2.0"}"#, "-32600 neither"),
        (r#"{"jsonrpc":"2.0","id":1}"#, "-32600 neither"),
        (r#"{"jsonrpc":"2.0","result":1}"#, "-32600 an answer without"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"x","result":1}"#, "-32600 a call and an answer"),
        (r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":""}}"#, "-32600 a result and an error"),
    ] {
        assert!(shape(line).starts_with(name), "{line}: {}", shape(line));
    }
    assert!(matches!(Message::parse(b"{\"a\":\"\xff\"}"), Err(NotAMessage::Utf8(_))));
}

#[test]
fn what_is_written_is_one_line_and_reads_back() {
    let params = to_raw_value(&serde_json::json!({"text": "a\nb"})).expect("encodes");
    let spread = RawValue::from_string("{\n  \"text\":\r\n 1}".to_owned()).expect("valid JSON");
    for (message, line) in [
        (
            Message::Request { id: RpcId::Number(1), method: "m".into(), params: &params },
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"text\":\"a\\nb\"}}\n",
        ),
        (
            Message::Notification { method: "m".into(), params: RawValue::NULL },
            "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}\n",
        ),
        (
            Message::Response { id: RpcId::Text("x".to_owned()), outcome: Ok(&spread) },
            "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{   \"text\":   1}}\n",
        ),
        (
            Message::Response { id: RpcId::Null, outcome: Err(RpcError::new(code::PARSE_ERROR, "what?")) },
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"what?\"}}\n",
        ),
    ] {
        let written = message.to_line();
        assert_eq!(String::from_utf8(written.clone()).expect("UTF-8"), line);
        let again = Message::parse(&written).expect("our own line").to_line();
        assert_eq!(again, written);
    }
}

#[test]
fn a_peek_finds_the_session_and_the_kind_of_update() {
    let params = RawValue::from_string(
        r#"{"update":{"content":{"text":"x"},"sessionUpdate":"agent_message_chunk"},"sessionId":"s"}"#.to_owned(),
    )
    .expect("valid JSON");
    let peek = Peek::at(&params).expect("names a session");
    assert_eq!((&*peek.session_id, peek.update.as_deref()), ("s", Some("agent_message_chunk")));

    for (params, session) in
        [(r#"{"sessionId":"s","options":[]}"#, Some("s")), ("[\"s\"]", None), ("null", None), ("{}", None)]
    {
        let params = RawValue::from_string(params.to_owned()).expect("valid JSON");
        assert_eq!(Peek::at(&params).map(|peek| peek.session_id.into_owned()).as_deref(), session);
    }
}
