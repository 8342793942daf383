//! Output of unknown size, kept as its beginning and its end.

use std::collections::VecDeque;

/// Longest output handed to the model, in bytes.
pub(crate) const MAX_OUTPUT_BYTES: usize = 25_000;

/// The first and the last bytes of a stream. Memory is bounded by the cap, however much flows through.
#[derive(Debug)]
pub(crate) struct Output {
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Output {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { half: max_bytes / 2, head: Vec::new(), tail: VecDeque::new(), total: 0 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = self.half - self.head.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        let keep = &rest[rest.len().saturating_sub(self.half)..];
        let overflow = (self.tail.len() + keep.len()).saturating_sub(self.half);
        self.tail.drain(..overflow);
        self.tail.extend(keep);
    }

    pub(crate) fn is_truncated(&self) -> bool {
        self.total > (self.head.len() + self.tail.len()) as u64
    }

    /// The text; where something was left out, it says how much.
    pub(crate) fn text(&self) -> String {
        let left_out = self.total - (self.head.len() + self.tail.len()) as u64;
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if left_out == 0 {
            let whole = [self.head.as_slice(), &tail].concat();
            return String::from_utf8_lossy(&whole).into_owned();
        }
        let (head, tail) = (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&tail));
        format!("{head}\n[… {left_out} bytes left out …]\n{tail}")
    }
}

/// `text` cut to the cap the same way.
pub(crate) fn capped(text: String) -> String {
    if text.len() <= MAX_OUTPUT_BYTES {
        return text;
    }
    let mut output = Output::new(MAX_OUTPUT_BYTES);
    output.push(text.as_bytes());
    output.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_keeps_its_beginning_and_its_end() {
        let mut output = Output::new(8);
        for byte in b"abcdefghijklmnop" {
            output.push(&[*byte]);
        }
        assert!(output.is_truncated());
        assert_eq!(output.text(), "abcd\n[… 8 bytes left out …]\nmnop");
    }

    #[test]
    fn a_short_output_is_whole_however_it_arrives() {
        let mut output = Output::new(8);
        output.push(b"abc");
        output.push("é".as_bytes());
        output.push(b"fg");
        assert!(!output.is_truncated());
        assert_eq!(output.text(), "abcéfg");
    }
}
