#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::{Envelope, EventType, Millis};

fn parse(bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    Parser::default().push(bytes, &mut frames).expect("within the default limits");
    frames
}

fn event(id: Option<&str>, event: &str, data: &str) -> Frame {
    Frame::Event(Event { id: id.map(str::to_owned), event: event.to_owned(), data: data.to_owned() })
}

#[test]
fn the_bytes_are_those_of_the_protocol() {
    let mut out = PRELUDE.to_vec();
    encode(&mut out, Some(7), "turn_complete", |out| out.extend_from_slice(b"{}"));
    encode(&mut out, None, "replay_complete", |out| out.extend_from_slice(b"{\"v\":1}"));
    out.extend_from_slice(HEARTBEAT);
    assert_eq!(
        out,
        b"retry: 3000\n\nid: 7\nevent: turn_complete\ndata: {}\n\nevent: replay_complete\ndata: {\"v\":1}\n\n: heartbeat\n\n"
    );
    assert_eq!(
        parse(&out),
        [
            Frame::Retry(Millis(3000)),
            event(Some("7"), "turn_complete", "{}"),
            event(None, "replay_complete", "{\"v\":1}"),
            Frame::Comment("heartbeat".to_owned()),
        ]
    );
}

#[test]
fn line_breaks_inside_json_cannot_end_a_frame() {
    let mut out = Vec::new();
    encode(&mut out, Some(1), "session_update", |out| out.extend_from_slice(b"{\r\n\"a\":\n1,\r\"b\":2}"));
    assert_eq!(parse(&out), [event(Some("1"), "session_update", "{  \"a\": 1, \"b\":2}")]);
}

#[test]
fn an_envelope_survives_the_stream() {
    let json =
        r#"{"id":9,"v":1,"type":"session_update","data":{"text":"zwei\nZeilen é 🌳"},"_meta":{"serverTimestamp":5}}"#;
    let envelope: Envelope = serde_json::from_str(json).expect("a well-formed envelope");
    let mut out = Vec::new();
    encode_envelope(&mut out, &envelope);
    let Some(Frame::Event(read)) = parse(&out).pop() else { panic!("one event") };
    assert_eq!((read.id.as_deref(), read.event.as_str()), (Some("9"), EventType::SessionUpdate.as_str()));
    assert_eq!(read.envelope().expect("decodes"), envelope);
}

#[test]
fn data_that_is_no_envelope_says_so() {
    let Some(Frame::Event(read)) = parse(b"data: hello\n\n").pop() else { panic!("one event") };
    assert!(read.envelope().is_err());
}

#[test]
fn every_line_end_ends_a_line() {
    let frames = [event(None, "a", "1\n2"), event(None, "message", "3")];
    assert_eq!(parse(b"event:a\ndata:1\ndata:2\n\ndata:3\n\n"), frames);
    assert_eq!(parse(b"event:a\rdata:1\rdata:2\r\rdata:3\r\r"), frames);
    assert_eq!(parse(b"event:a\r\ndata:1\r\ndata:2\r\n\r\ndata:3\r\n\r\n"), frames);
    assert_eq!(parse(b"event:a\rdata:1\ndata:2\r\n\rdata:3\n\r\n"), frames);
}

#[test]
fn a_line_feed_that_arrives_after_its_carriage_return_ends_nothing() {
    let mut parser = Parser::default();
    let mut frames = Vec::new();
    for chunk in [&b"data: 1\r"[..], b"", b"\ndata: 2\r", b"\n\r", b"\n"] {
        parser.push(chunk, &mut frames).expect("small");
    }
    assert_eq!(frames, [event(None, "message", "1\n2")]);
}

#[test]
fn a_byte_order_mark_is_skipped_at_the_start_only() {
    assert_eq!(
        parse("\u{feff}data: 1\n\n\u{feff}data: 2\n\ndata: 3\n\n".as_bytes()),
        [event(None, "message", "1"), event(None, "message", "3"),]
    );
}

#[test]
fn an_id_with_nul_is_ignored_and_an_id_sticks() {
    let mut parser = Parser::default();
    let mut frames = Vec::new();
    parser.push(b"id: 4\ndata: a\n\nid: 5\0\ndata: b\n\nid: 6\n\n", &mut frames).expect("small");
    assert_eq!(frames, [event(Some("4"), "message", "a"), event(None, "message", "b")]);
    assert_eq!(parser.last_event_id(), "6");
    parser.push(b"id\ndata: c\n\nid: 7\ndata: never ended\n", &mut frames).expect("small");
    assert_eq!(frames.last(), Some(&event(Some(""), "message", "c")));
    assert_eq!(parser.last_event_id(), "");
}

#[test]
fn fields_follow_the_standard() {
    assert_eq!(parse(b"data\n\n"), [event(None, "message", "")]);
    assert_eq!(parse(b"data\ndata\n\n"), [event(None, "message", "\n")]);
    assert_eq!(parse(b"data:  x\n\n"), [event(None, "message", " x")]);
    assert_eq!(parse(b"event: a\n\ndata: x\n\n"), [event(None, "message", "x")]);
    assert_eq!(parse(b"Data: x\nfoo: y\n data: z\n\n"), []);
    assert_eq!(parse(b"retry: 12x\nretry:\nretry: -1\nretry: 40\n"), [Frame::Retry(Millis(40))]);
    assert_eq!(parse(b"retry: 99999999999999999999\n"), [Frame::Retry(Millis(u64::MAX))]);
    assert_eq!(parse(b": one\n:two\n"), [Frame::Comment("one".to_owned()), Frame::Comment("two".to_owned())]);
}

#[test]
fn bad_utf8_is_replaced_and_a_character_may_be_cut() {
    assert_eq!(parse(b"data: a\xff\xf0\x9f\n\n"), [event(None, "message", "a\u{fffd}\u{fffd}")]);
    let mut parser = Parser::default();
    let mut frames = Vec::new();
    for byte in "data: é🌳\n\n".as_bytes() {
        parser.push(&[*byte], &mut frames).expect("small");
    }
    assert_eq!(frames, [event(None, "message", "é🌳")]);
}

#[test]
fn an_event_without_its_blank_line_never_happened() {
    assert_eq!(parse(b"id: 1\ndata: x\n"), []);
    assert_eq!(parse(b"data: x"), []);
}

#[test]
fn a_stream_over_its_limits_is_refused_for_good() {
    let limits = Limits { max_line_bytes: 10, max_event_bytes: 8 };
    let mut frames = Vec::new();

    let mut parser = Parser::new(limits);
    assert_eq!(parser.push(b"data: 1234\n\ndata: 12345\n\n", &mut frames), Err(Oversize::Line { max_bytes: 10 }));
    assert_eq!(frames, [event(None, "message", "1234")]);
    assert_eq!(parser.push(b"data: 1\n\n", &mut frames), Err(Oversize::Line { max_bytes: 10 }));

    let mut parser = Parser::new(limits);
    assert_eq!(parser.push(b"data:1234\n", &mut frames), Ok(()));
    assert_eq!(parser.push(b"data:5678\n", &mut frames), Err(Oversize::Event { max_bytes: 8 }));

    let mut parser = Parser::new(limits);
    assert_eq!(parser.push(b"0123456789", &mut frames), Ok(()));
    assert_eq!(parser.push(b"0", &mut frames), Err(Oversize::Line { max_bytes: 10 }));
    assert_eq!(frames.len(), 1);
}
