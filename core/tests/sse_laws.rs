//! The laws of the event stream codec.
#![cfg(not(target_arch = "wasm32"))]

use proptest::{collection::vec, prelude::*};
use roost_core::sse::{Frame, Limits, Oversize, Parser, encode};

/// Bytes that look like a stream: pieces of its grammar, its traps, and noise.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            &b"\n"[..],
            b"\r",
            b"\r\n",
            b"\n\n",
            b"data",
            b"data: ",
            b"data:",
            b"id: ",
            b"id:7",
            b"event: ",
            b"retry: 30",
            b": beat",
            b":",
            b" ",
            b"\0",
            b"\xef\xbb\xbf",
            b"\xef",
            b"\xbb",
            b"\xbf",
            b"\xff",
            "é🌳".as_bytes(),
            b"{\"v\":1}",
        ])
        .prop_map(<[u8]>::to_vec),
        vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
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

/// `bytes` cut at every place of `cuts`.
fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn any_chunking_parses_the_same(
        bytes in stream(),
        cuts in vec(any::<prop::sample::Index>(), 0..12),
        max_line_bytes in 0usize..60,
        max_event_bytes in 0usize..60,
    ) {
        for limits in [Limits::default(), Limits { max_line_bytes, max_event_bytes }] {
            let whole = parse(limits, [&bytes[..]]);
            prop_assert_eq!(&parse(limits, cut(&bytes, &cuts)), &whole);
            prop_assert_eq!(&parse(limits, bytes.chunks(1)), &whole);
        }
    }

    #[test]
    fn what_is_encoded_is_what_is_parsed(
        events in vec((any::<Option<u64>>(), "[a-z_]{1,20}", any::<String>()), 0..8),
        cuts in vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut bytes = Vec::new();
        for (id, kind, text) in &events {
            encode(&mut bytes, *id, kind, |out| serde_json::to_writer(out, text).expect("a string"));
        }
        let (frames, end, _) = parse(Limits::default(), cut(&bytes, &cuts));
        prop_assert_eq!(end, Ok(()));
        let read: Vec<_> = frames
            .into_iter()
            .map(|frame| match frame {
                Frame::Event(event) => (
                    event.id.map(|id| id.parse().expect("digits")),
                    event.event,
                    serde_json::from_str(&event.data).expect("a JSON string"),
                ),
                other => panic!("no {other:?} was written"),
            })
            .collect();
        prop_assert_eq!(read, events);
    }
}
