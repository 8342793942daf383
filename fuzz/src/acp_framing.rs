//! The agent's stdout.

use roost_core::acp::{LineTooLong, Lines, Message, Peek};

/// Laws: lines do not depend on the reads they come in; no more than the limit is held; a message written again
/// is the same message.
pub fn acp_framing(input: &[u8]) {
    let Some((size, bytes)) = crate::cut(input) else { return };
    for max_line_bytes in [16, 4096] {
        let whole = lines(max_line_bytes, [bytes]);
        assert_eq!(lines(max_line_bytes, bytes.chunks(size)), whole);
        for line in whole.0.iter().flatten() {
            written_and_read(line);
        }
    }
}

fn lines<'a>(
    max_line_bytes: usize,
    reads: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Result<Vec<u8>, LineTooLong>>, Vec<u8>) {
    let mut lines = Lines::new(max_line_bytes);
    let mut out = Vec::new();
    for read in reads {
        lines.push(read);
        while let Some(line) = lines.next_line().transpose() {
            out.push(line.map(|line| line.to_vec()));
        }
        assert!(lines.remainder().len() <= max_line_bytes);
    }
    (out, lines.remainder().to_vec())
}

fn written_and_read(line: &[u8]) {
    let Ok(message) = Message::parse(line) else { return };
    if let Message::Request { params, .. } | Message::Notification { params, .. } = &message {
        let _ = Peek::at(params);
    }
    let written = message.to_line();
    let again = Message::parse(&written).expect("a line of our own");
    assert_eq!(again.to_line(), written);
}
