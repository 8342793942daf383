//! Languages: of what people are shown, and of the model's answers.
//!
//! The language of answers is kept in a rule file of the user's, `output-language.md`, which is given to the model word for word. Users may
//! edit it.

use std::{fs, io, path::Path};

use roost_core::language::{AUTO, LANGUAGES, find, of_answers};

use crate::settings::{Settings, SettingsError};

const RULE_FILE: &str = "output-language.md";
/// Longest rule file that is taken whole, in bytes.
const MAX_RULE_BYTES: usize = 10_000;
const USERS_LANGUAGE: &str = "Answer in the language the user writes in.";

/// A choice of language that was made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// The code in force; never `auto`.
    pub(crate) language: &'static str,
    /// What answers are written in now, when that was changed too: a language's name, or `auto`.
    pub(crate) output: Option<&'static str>,
}

/// Why a language was not chosen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LanguageError {
    #[error("`{0}` is not a known language; choose one of {codes}, auto", codes = LANGUAGES.map(|language| language.code).join(", "))]
    Unknown(String),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("{RULE_FILE} cannot be written: {0}")]
    Rule(io::Error),
}

/// Chooses the user's language, and with `with_output` that of the answers.
///
/// # Errors
/// There is no such language, or the choice cannot be kept; then nothing is announced.
pub(crate) fn choose(
    home: &Path,
    settings: &mut Settings,
    code: &str,
    with_output: bool,
) -> Result<Chosen, LanguageError> {
    let known = find(code);
    if known.is_none() && code != AUTO {
        return Err(LanguageError::Unknown(code.to_owned()));
    }
    settings.set_of_user("general.language", code)?;
    let language = known.map_or_else(of_the_system, |language| language.code);
    if !with_output {
        return Ok(Chosen { language, output: None });
    }
    let output = of_answers(code);
    fs::write(home.join(RULE_FILE), rule(output) + "\n").map_err(LanguageError::Rule)?;
    settings.set_of_user("general.outputLanguage", output)?;
    Ok(Chosen { language, output: Some(output) })
}

/// What the model is told about the language of its answers.
pub(crate) fn instruction(home: &Path, settings: &Settings) -> String {
    let written = fs::read(home.join(RULE_FILE)).unwrap_or_default();
    let written = String::from_utf8_lossy(&written[..written.len().min(MAX_RULE_BYTES)]);
    match (written.trim(), settings.output_language()) {
        ("", None) => USERS_LANGUAGE.to_owned(),
        ("", Some(language)) => rule(language),
        (written, _) => written.to_owned(),
    }
}

fn rule(language: &str) -> String {
    if language.eq_ignore_ascii_case(AUTO) {
        return USERS_LANGUAGE.to_owned();
    }
    format!(
        "Answer in {language}, whatever language the user writes in. Code, commands, paths and quotations stay as they are."
    )
}

fn of_the_system() -> &'static str {
    let variables = ["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| std::env::var(name).unwrap_or_default());
    variables.iter().find(|value| !value.is_empty()).map_or("en", |locale| of_locale(locale))
}

/// The language of a name such as `zh_TW.UTF-8`.
fn of_locale(locale: &str) -> &'static str {
    let name = locale.split(['.', '@']).next().unwrap_or_default().replace('_', "-").to_ascii_lowercase();
    let is_prefix = |code: &str| {
        name.strip_prefix(&code.to_ascii_lowercase()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    LANGUAGES.into_iter().map(|language| language.code).find(|code| is_prefix(code)).unwrap_or("en")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_kept_in_the_settings_and_told_to_the_model() {
        let (home, cwd) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let mut settings = Settings::open(home.path(), cwd.path());
        assert_eq!(instruction(home.path(), &settings), USERS_LANGUAGE);
        let chosen = choose(home.path(), &mut settings, "de", true).expect("chosen");
        assert_eq!(chosen, Chosen { language: "de", output: Some("German") });
        assert!(instruction(home.path(), &settings).contains("Answer in German"));
        let chosen = choose(home.path(), &mut settings, "fr", false).expect("chosen");
        assert_eq!(chosen, Chosen { language: "fr", output: None });
        assert!(
            instruction(home.path(), &settings).contains("Answer in German"),
            "the answers' language is another choice"
        );
        let text = fs::read_to_string(home.path().join("settings.json")).expect("reads");
        assert!(text.contains(r#""language": "fr""#) && text.contains(r#""outputLanguage": "German""#), "{text}");
        assert!(matches!(choose(home.path(), &mut settings, "xx", true), Err(LanguageError::Unknown(_))));
    }

    #[test]
    fn a_locale_names_its_language() {
        let languages = ["zh_TW.UTF-8", "zh_CN.UTF-8", "de", "pt-BR", "C.UTF-8", "dewey"].map(of_locale);
        assert_eq!(languages, ["zh-TW", "zh", "de", "pt", "en", "en"]);
    }
}
