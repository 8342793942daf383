//! The laws of the ACP transport.
#![cfg(not(target_arch = "wasm32"))]

use proptest::{collection::vec, prelude::*};
use roost_core::acp::{LineTooLong, Lines, Message, RpcError, RpcId};
use serde_json::{Value, value::RawValue};

fn cut<'a>(
    max_line_bytes: usize,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Result<Vec<u8>, LineTooLong>>, Vec<u8>) {
    let mut lines = Lines::new(max_line_bytes);
    let mut out = Vec::new();
    for chunk in chunks {
        lines.push(chunk);
        while let Some(line) = lines.next_line().transpose() {
            out.push(line.map(|line| line.to_vec()));
        }
    }
    (out, lines.remainder().to_vec())
}

/// The same lines, cut in the simplest way.
fn plainly(max_bytes: usize, bytes: &[u8]) -> Vec<Result<Vec<u8>, LineTooLong>> {
    let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
        return if bytes.len() > max_bytes { vec![Err(LineTooLong { max_bytes })] } else { Vec::new() };
    };
    let (whole, rest) = (&bytes[..end], &bytes[end + 1..]);
    let line = |line: &[u8]| {
        if line.len() > max_bytes {
            return Some(Err(LineTooLong { max_bytes }));
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (!line.is_empty()).then(|| Ok(line.to_vec()))
    };
    whole.split(|byte| *byte == b'\n').filter_map(line).chain(plainly(max_bytes, rest)).collect()
}

fn id() -> impl Strategy<Value = RpcId> {
    prop_oneof![any::<i64>().prop_map(RpcId::Number), any::<String>().prop_map(RpcId::Text), Just(RpcId::Null)]
}

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("a value")
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((any::<String>(), inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn lines_do_not_depend_on_the_reads(
        bytes in vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x'), any::<u8>()], 0..120),
        size in 1usize..9,
        max_line_bytes in 0usize..20,
    ) {
        let (lines, rest) = cut(max_line_bytes, bytes.chunks(size));
        prop_assert_eq!(&lines, &plainly(max_line_bytes, &bytes));
        prop_assert!(rest.len() <= max_line_bytes);
    }

    #[test]
    fn a_message_survives_its_line(id in id(), method in any::<String>(), params in json(), code in any::<i64>(), text in any::<String>()) {
        let params = raw(&params);
        let error = RpcError { data: Some(params.clone()), ..RpcError::new(code, text) };
        for message in [
            Message::Request { id: id.clone(), method: method.as_str().into(), params: &params },
            Message::Notification { method: method.as_str().into(), params: &params },
            Message::Response { id: id.clone(), outcome: Ok(&params) },
            Message::Response { id, outcome: Err(error) },
        ] {
            let line = message.to_line();
            prop_assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            let read = Message::parse(&line).expect("our own line");
            prop_assert_eq!(format!("{:?}", read), format!("{:?}", message));
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_a_named_error(bytes in vec(any::<u8>(), 0..80)) {
        if let Err(error) = Message::parse(&bytes) {
            prop_assert!(error.code() < 0);
        }
    }
}
