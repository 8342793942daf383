//! The languages a user can choose: of what people are shown, and of the model's answers.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// As settings and clients name it.
    pub code: &'static str,
    /// As a model is told.
    pub english: &'static str,
    /// As its speakers call it.
    pub own: &'static str,
}

/// Chosen instead of one: the language of the user's system, and of the user's words.
pub const AUTO: &str = "auto";

/// In the order they are offered. Of two codes, one of which begins with the other, the longer one comes first.
pub const LANGUAGES: [Language; 9] = [
    Language { code: "en", english: "English", own: "English" },
    Language { code: "zh-TW", english: "Traditional Chinese", own: "繁體中文" },
    Language { code: "zh", english: "Chinese", own: "中文" },
    Language { code: "ru", english: "Russian", own: "Русский" },
    Language { code: "de", english: "German", own: "Deutsch" },
    Language { code: "ja", english: "Japanese", own: "日本語" },
    Language { code: "pt", english: "Portuguese", own: "Português" },
    Language { code: "fr", english: "French", own: "Français" },
    Language { code: "ca", english: "Catalan", own: "Català" },
];

/// The language of this code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.code == code)
}

/// What the model is told to answer in when a user chooses this code: a name in English, or `auto`.
#[must_use]
pub fn of_answers(code: &str) -> &'static str {
    find(code).map_or(AUTO, |language| language.english)
}
