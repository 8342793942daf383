//! Web addresses that an artifact may point at.

use super::secret;

/// Longest address, in characters.
pub(super) const MAX_CHARS: usize = 2_048;

/// Takes an address in: `http` or `https`, scheme and host in small letters, with a path.
///
/// # Errors
/// One sentence about what is wrong with it.
pub(super) fn read(text: &str) -> Result<Box<str>, &'static str> {
    const NO_ADDRESS: &str = "url must be a web address: https://host/path";
    let (scheme, rest) = text.split_once(':').ok_or(NO_ADDRESS)?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "http" && scheme != "https" {
        return Err("url must use http or https");
    }
    let rest = rest.strip_prefix("//").ok_or(NO_ADDRESS)?;
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err("url must not include credentials");
    }
    if !is_authority(authority)
        || rest.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"\\^`{|}".contains(c))
    {
        return Err(NO_ADDRESS);
    }
    if has_secret(rest) {
        return Err("url must not include what looks like a credential: an artifact is shown to everyone and kept");
    }
    let slash = if rest.starts_with('/') { "" } else { "/" };
    Ok(format!("{scheme}://{}{slash}{rest}", authority.to_ascii_lowercase()).into())
}

/// A host, an address in brackets among them, and perhaps a port.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((ip, rest)) => (ip, if rest.is_empty() { Some("0") } else { rest.strip_prefix(':') }),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("0")),
        },
    };
    let is_bracketed = text.starts_with('[');
    let fits = |c: char| if is_bracketed { c.is_ascii_hexdigit() || ":.".contains(c) } else { is_of_host(c) };
    !host.is_empty() && host.chars().all(fits) && port.is_some_and(|port| port.parse::<u16>().is_ok())
}

fn is_of_host(c: char) -> bool {
    c.is_alphanumeric() || "-._~".contains(c)
}

/// Path, query and fragment, whichever way they are escaped.
fn has_secret(rest: &str) -> bool {
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_secret = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        secret::is_name_of_one(&name) || secret::is_one(&name) || secret::is_one(&value)
    };
    path.split('/').any(|segment| secret::is_one(&decoded(segment)))
        || query.split('&').any(is_secret)
        || decoded(fragment).split('&').any(is_secret)
}

/// With `%41` and `+` taken back. What is no text then is no credential either.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = escaped.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn an_address_is_taken_in_one_spelling() {
        for (text, taken) in [
            ("https://example.org", "https://example.org/"),
            ("HTTP://Example.ORG:8080/A?b=C#d", "http://example.org:8080/A?b=C#d"),
            ("https://[::1]:443/x", "https://[::1]:443/x"),
            ("https://example.org?q=1", "https://example.org/?q=1"),
            ("https://example.org/ä/%41", "https://example.org/ä/%41"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(taken), "{text}");
        }
    }

    #[test]
    fn what_is_no_web_address_or_carries_a_credential_is_refused() {
        for text in [
            "",
            "nope",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "https:",
            "https://",
            "https:/x",
            "https:///x",
            "https://a b/",
            "https://e.org/a b",
            "https://e.org/<x>",
            "https://e.org:port/",
            "https://[::1/",
            "https://[::1]x/",
            "https://user:word@e.org/",
            "https://e.org/?token=a",
            "https://e.org/?%74oken=a",
            "https://e.org/#access_token=a",
            "https://e.org/sk-0123456789abcdef",
            "https://e.org/?q=ghp_0123456789abcdef",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
