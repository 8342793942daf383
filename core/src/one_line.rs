//! JSON on one line, which both wire formats of the protocol are cut by.

use memchr::memchr2;

/// Turns every raw CR and LF of `json` into a space, in place.
///
/// In valid JSON a raw line break is white space between tokens (strings escape theirs), so the value stays the same.
pub(crate) fn flatten(mut json: &mut [u8]) {
    while let Some(at) = memchr2(b'\r', b'\n', json) {
        json[at] = b' ';
        json = &mut json[at + 1..];
    }
}
