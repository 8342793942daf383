//! What looks like a credential. Artifacts are shown to everybody and kept, so that none may come in with them.

/// Words that name a credential.
const WORDS: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "cookie",
    "authorization",
    "credential",
    "signature",
    "sig",
    "apikey",
    "accesskey",
];
/// The same in two.
const PAIRS: &[[&str; 2]] = &[["api", "key"], ["access", "key"]];
/// What issued credentials begin with.
const PREFIXES: &[&str] = &["sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"];
/// Shortest of them, in characters after that.
const MIN_CREDENTIAL_CHARS: usize = 12;

/// Whether a name says that a credential follows: `api_key`, `accessToken`.
pub(super) fn is_name_of_one(name: &str) -> bool {
    let words = words(name);
    let is_pair = |pair: &[String]| PAIRS.iter().any(|[first, second]| pair[0] == *first && pair[1] == *second);
    words.iter().any(|word| WORDS.contains(&word.as_str())) || words.windows(2).any(is_pair)
}

/// Whether a text is one by the look of it.
pub(super) fn is_one(text: &str) -> bool {
    let text = text.trim();
    let is_issued = |prefix: &&str| {
        let rest = text.strip_prefix(*prefix).unwrap_or_default();
        rest.len() >= MIN_CREDENTIAL_CHARS && rest.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    };
    let bearer = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    PREFIXES.iter().any(is_issued) || bearer.is_some_and(|(_, rest)| rest.trim().len() >= 8)
}

/// The words of a name, in small letters, however they are joined.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (was_small && c.is_uppercase()) {
            words.push(String::new());
        }
        was_small = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn names_and_looks_of_credentials_are_known_and_plain_words_are_not() {
        for name in ["token", "access_token", "apiKey", "X-Api-Key", "client.secret", "PASSWORD", "AccessKey"] {
            assert!(is_name_of_one(name), "{name}");
        }
        for name in ["tokens_used", "author", "design", "key", "monkey", "api"] {
            assert!(!is_name_of_one(name), "{name}");
        }
        for text in ["sk-0123456789abcdef", "Bearer 0123456789", "ghp_0123456789abcdef"] {
            assert!(is_one(text), "{text}");
        }
        for text in ["sk-short", "a bearer of news", "bearer no", "sk-learn is a library"] {
            assert!(!is_one(text), "{text}");
        }
    }
}
