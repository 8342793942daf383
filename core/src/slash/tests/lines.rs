#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn a_line_is_a_name_and_the_raw_rest() {
    for (text, name, args) in [
        ("/stats", "stats", ""),
        ("/goal  set \"a  b\"\nc ", "goal", "set \"a  b\"\nc"),
        ("/ stats", "stats", ""),
        ("/git:hi x", "git:hi", "x"),
        ("/é \u{3000}x", "é", "x"),
        ("/model\tx", "model", "x"),
    ] {
        assert_eq!(Line::parse(text), Some(Line { name, args }), "{text}");
    }
}

#[test]
fn comments_paths_and_escapes_are_text() {
    for text in ["", "/", "/ ", "stats", " /stats", "//x", "/* x */", "/ *x", "/usr/bin", "/a\\b", "\\/stats", "/ /x"] {
        assert_eq!(Line::parse(text), None, "{text}");
    }
}

#[test]
fn an_escaped_text_is_no_command_and_comes_back() {
    for (text, escaped) in
        [("/stats x", "\\/stats x"), ("\\/x", "\\\\/x"), ("plain", "plain"), ("\\x", "\\x"), ("", "")]
    {
        assert_eq!(escape(text), escaped);
        assert_eq!(unescape(escaped), text);
        assert_eq!(Line::parse(escaped), None);
    }
    assert_eq!(unescape("\\\\server\\x"), "\\\\server\\x");
}

#[derive(Debug, PartialEq)]
struct Tree(&'static str, &'static [&'static str], &'static [Tree]);

impl Node for Tree {
    fn name(&self) -> &str {
        self.0
    }

    fn aliases(&self) -> impl Iterator<Item = &str> {
        self.1.iter().copied()
    }

    fn subcommands(&self) -> &[Self] {
        self.2
    }
}

#[test]
fn a_walk_goes_as_deep_as_the_words_lead() {
    let tree = [
        Tree("directory", &["dir"], &[Tree("add", &["plus"], &[]), Tree("show", &[], &[])]),
        Tree("dir", &[], &[]),
        Tree("stats", &["usage"], &[]),
    ];
    let walked = |text| {
        let found = walk(&tree, Line::parse(text)?)?;
        Some((found.command.0, found.typed, found.args))
    };
    assert_eq!(walked("/directory plus  a,  b "), Some(("add", vec!["directory", "plus"], "a,  b")));
    assert_eq!(walked("/directory ADD x"), Some(("directory", vec!["directory"], "ADD x")));
    assert_eq!(walked("/dir show"), Some(("dir", vec!["dir"], "show")), "a name wins over an alias");
    assert_eq!(walked("/usage"), Some(("stats", vec!["usage"], "")));
    assert_eq!(walked("/STATS"), None, "names are case-sensitive");
}

#[test]
fn every_text_of_the_composer_has_one_who_answers_it() {
    let palette = palette();
    let nearest = |name: &str| Some(name.to_owned());
    for (text, route) in [
        ("  ", Route::Nothing),
        (" ! ", Route::Nothing),
        ("! ls -l ", Route::Shell { command: "ls -l" }),
        (" /help ", Route::Perform { action: Action::Help, args: "" }),
        ("/context -d", Route::Perform { action: Action::Context, args: "-d" }),
        ("/context all", Route::Forward { text: "/context all" }),
        ("/goal", Route::Perform { action: Action::Goal, args: "" }),
        ("/goal set x", Route::Forward { text: "/goal set x" }),
        ("/about", Route::Perform { action: Action::Status, args: "" }),
        ("/compress", Route::Forward { text: "/compress" }),
        ("/git:hi you", Route::Forward { text: "/git:hi you" }),
        ("/usr/bin is full", Route::Prompt { text: "/usr/bin is full" }),
        ("// note", Route::Prompt { text: "// note" }),
        ("\\/help", Route::Prompt { text: "\\/help" }),
        ("say /help", Route::Prompt { text: "say /help" }),
        ("/sttaus x", Route::Unknown { text: "/sttaus x", name: "sttaus", nearest: nearest("status") }),
        ("/HELP", Route::Unknown { text: "/HELP", name: "HELP", nearest: nearest("help") }),
        ("/wholly-else", Route::Unknown { text: "/wholly-else", name: "wholly-else", nearest: None }),
    ] {
        assert_eq!(palette.route(text), route, "{text}");
    }
}

#[test]
fn what_a_page_does_not_do_is_the_agents_or_unknown() {
    let catalogue = Catalogue::new(|action| action == Action::Help, Advertised::read(&announcement()).commands);
    assert_eq!(catalogue.route("/context"), Route::Forward { text: "/context" });
    assert!(matches!(catalogue.route("/theme dark"), Route::Unknown { .. }));
    assert!(catalogue.find("help").is_some() && catalogue.find("theme").is_none());
}

#[test]
fn plain_text_runs_no_command_of_ours() {
    let palette = palette();
    assert_eq!(palette.as_plain_text(" /help me "), "\\/help me");
    assert_eq!(palette.as_plain_text("/nosuch x"), "/nosuch x");
    assert_eq!(palette.as_plain_text("hello"), "hello");
}
