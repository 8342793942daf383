//! Bytes as text and back: byte order marks, encodings, line endings.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, mem};
use serde::{Serialize, Serializer};

/// How characters are written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// ISO 8859-1 to the letter, unlike the web's, which is windows-1252.
    Latin1,
    /// Any other of the Encoding Standard.
    Legacy(&'static encoding_rs::Encoding),
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LineEnding {
    Lf,
    Crlf,
}

/// A file's text and how it was written.
#[derive(Debug)]
pub(super) struct Text {
    /// Without byte order mark.
    pub(super) content: String,
    pub(super) encoding: Encoding,
    pub(super) has_bom: bool,
    /// Whether encoding it again gives the bytes it was read from.
    pub(super) is_exact: bool,
}

impl Text {
    /// `None` for what is not text. Unpaired surrogates and the like become U+FFFD.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (encoding, bom_len) = match encoding_rs::Encoding::for_bom(bytes) {
            Some((encoding, length)) => (Encoding::from(encoding), length),
            None if is_binary(bytes) => return None,
            None => (detect(bytes), 0),
        };
        let content = encoding.decode(&bytes[bom_len..]).into_owned();
        // UTF-32 begins like UTF-16.
        if bom_len > 0 && content.contains('\0') {
            return None;
        }
        let has_bom = bom_len > 0;
        let is_exact = encoding.encode(&content, has_bom).is_some_and(|again| again == bytes);
        Some(Self { content, encoding, has_bom, is_exact })
    }

    pub(super) fn line_ending(&self) -> LineEnding {
        LineEnding::of(&self.content)
    }
}

impl LineEnding {
    /// CRLF as soon as one line ends so.
    pub(super) fn of(text: &str) -> Self {
        if text.contains("\r\n") { Self::Crlf } else { Self::Lf }
    }

    /// The text with every line ended so. LF takes no CR away: who sends one means it.
    pub(super) fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Crlf if text.contains('\n') => Cow::Owned(text.replace("\r\n", "\n").replace('\n', "\r\n")),
            Self::Crlf | Self::Lf => Cow::Borrowed(text),
        }
    }
}

impl Encoding {
    /// By any label of the Encoding Standard.
    pub(super) fn for_label(label: &str) -> Option<Self> {
        if label.eq_ignore_ascii_case("iso-8859-1") || label.eq_ignore_ascii_case("latin1") {
            return Some(Self::Latin1);
        }
        encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()).map(Self::from)
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Utf8 => "utf-8".to_owned(),
            Self::Utf16Le => "utf-16le".to_owned(),
            Self::Utf16Be => "utf-16be".to_owned(),
            Self::Latin1 => "iso-8859-1".to_owned(),
            Self::Legacy(encoding) => encoding.name().to_ascii_lowercase(),
        }
    }

    fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Utf16Le => UTF_16LE.decode_without_bom_handling(bytes).0,
            Self::Utf16Be => UTF_16BE.decode_without_bom_handling(bytes).0,
            Self::Latin1 => mem::decode_latin1(bytes),
            Self::Legacy(encoding) => encoding.decode_without_bom_handling(bytes).0,
        }
    }

    /// `None` when a character has no bytes in this encoding. The mark is written where the encoding has one.
    pub(super) fn encode(self, text: &str, with_bom: bool) -> Option<Vec<u8>> {
        let text = if with_bom { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let mark = if with_bom && self.has_mark() { "\u{feff}" } else { "" };
        let units = || mark.encode_utf16().chain(text.encode_utf16());
        match self {
            Self::Utf8 => Some([mark, text].concat().into_bytes()),
            Self::Utf16Le => Some(units().flat_map(u16::to_le_bytes).collect()),
            Self::Utf16Be => Some(units().flat_map(u16::to_be_bytes).collect()),
            Self::Latin1 => text.chars().map(|char| u8::try_from(char).ok()).collect(),
            Self::Legacy(encoding) => {
                let (bytes, _, has_unmappable) = encoding.encode(text);
                (!has_unmappable).then(|| bytes.into_owned())
            }
        }
    }

    /// Whether a byte order mark can be written in it.
    pub(super) fn has_mark(self) -> bool {
        matches!(self, Self::Utf8 | Self::Utf16Le | Self::Utf16Be)
    }
}

impl From<&'static encoding_rs::Encoding> for Encoding {
    fn from(encoding: &'static encoding_rs::Encoding) -> Self {
        if encoding == UTF_8 {
            Self::Utf8
        } else if encoding == UTF_16LE {
            Self::Utf16Le
        } else if encoding == UTF_16BE {
            Self::Utf16Be
        } else {
            Self::Legacy(encoding)
        }
    }
}

impl Serialize for Encoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

/// A NUL, or three control characters in ten bytes of the beginning.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    const SAMPLE: usize = 4096;
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let is_control = |byte: &&u8| matches!(byte, 0..=0x07 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    bytes.contains(&0) || sample.iter().filter(is_control).count() * 10 > sample.len() * 3
}

fn detect(bytes: &[u8]) -> Encoding {
    if std::str::from_utf8(bytes).is_ok() {
        return Encoding::Utf8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    // A guess that does not give the same bytes back would spoil the file at the next write.
    let (text, has_errors) = guess.decode_without_bom_handling(bytes);
    let (back, _, has_unmappable) = guess.encode(&text);
    let is_reversible = !has_errors && !has_unmappable && *back == *bytes;
    let encoding = if is_reversible { guess } else { WINDOWS_1252 };
    let is_latin1 = encoding == WINDOWS_1252 && !bytes.iter().any(|byte| matches!(byte, 0x80..=0x9f));
    if is_latin1 { Encoding::Latin1 } else { Encoding::Legacy(encoding) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(bytes: &[u8]) -> Option<String> {
        Text::decode(bytes).map(|text| text.encoding.name())
    }

    #[test]
    fn encodings_are_told_apart() {
        let (gbk, _, _) = encoding_rs::GBK.encode("这是一个用于测试编码检测的中文文本文件。");
        let cases: [(&[u8], Option<&str>); 10] = [
            (b"", Some("utf-8")),
            ("é".as_bytes(), Some("utf-8")),
            (b"\xef\xbb\xbfx", Some("utf-8")),
            (b"\xff\xfex\0", Some("utf-16le")),
            (b"\xfe\xff\0x", Some("utf-16be")),
            (b"caf\xe9 \xe0 la cr\xe8me, d\xe9j\xe0 vu\n", Some("iso-8859-1")),
            (b"\x93quoted\x94 \x80 5 it\x92s a nice day\n", Some("windows-1252")),
            (&gbk, Some("gbk")),
            (b"bin\0ary", None),
            (b"\xff\xfe\0\0h\0\0\0", None),
        ];
        for (bytes, name) in cases {
            assert_eq!(named(bytes).as_deref(), name, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same(text in "[^\0\u{feff}\u{1}-\u{1f}\u{7f}]{0,40}") {
            for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be] {
                let bytes = encoding.encode(&text, true).expect("Unicode encodes all");
                let back = Text::decode(&bytes).expect("text");
                prop_assert_eq!((back.content.as_str(), back.encoding, back.has_bom), (text.as_str(), encoding, true));
            }
        }

        #[test]
        fn eight_bits_without_a_mark_come_back_as_the_same_bytes(bytes in prop::collection::vec(0x20_u8.., 0..80)) {
            if let Some(text) = Text::decode(&bytes) {
                let mark = text.has_bom;
                if !matches!(text.encoding, Encoding::Utf16Le | Encoding::Utf16Be) {
                    prop_assert_eq!(text.encoding.encode(&text.content, mark), Some(bytes));
                }
            }
        }
    }
}
