//! The event stream.

use roost_core::sse::{Frame, Limits, Oversize, Parser, encode};

/// Law: frames do not depend on the chunks they come in, with and without limits; an event's data written again
/// is read again.
pub fn sse_parser(input: &[u8]) {
    let Some((size, bytes)) = crate::cut(input) else { return };
    for limits in [Limits::default(), Limits { max_line_bytes: 40, max_event_bytes: 60 }] {
        let whole = parse(limits, [bytes]);
        assert_eq!(parse(limits, bytes.chunks(size)), whole);
        assert_eq!(parse(limits, bytes.chunks(1)), whole);
    }
    let (frames, ..) = parse(Limits::default(), [bytes]);
    frames.iter().for_each(written_and_read);
}

fn parse<'a>(limits: Limits, chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Result<(), Oversize>, String) {
    let mut parser = Parser::new(limits);
    let mut frames = Vec::new();
    let mut end = Ok(());
    for chunk in chunks {
        end = parser.push(chunk, &mut frames);
    }
    (frames, end, parser.last_event_id().to_owned())
}

fn written_and_read(frame: &Frame) {
    let Frame::Event(event) = frame else { return };
    let json = serde_json::to_string(&event.data).expect("a string");
    let mut bytes = Vec::new();
    encode(&mut bytes, event.id.as_ref().map(|id| id.len() as u64), "fuzz", |out| {
        out.extend_from_slice(json.as_bytes())
    });
    let (again, end, _) = parse(Limits::default(), [&bytes[..]]);
    let [Frame::Event(again)] = &again[..] else { panic!("one event: {again:?}") };
    assert_eq!((end, &again.data, again.event.as_str()), (Ok(()), &json, "fuzz"));
}
