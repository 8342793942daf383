#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn enter(text: &str) -> String {
    describe(&suggest(text).enter(None))
}

fn describe(enter: &Enter) -> String {
    match enter {
        Enter::Nothing => "nothing".to_owned(),
        Enter::Run { line } => format!("run {line}"),
        Enter::Complete(edit) => format!("complete {}", edit.text),
        Enter::NeedsArgument(edit) => format!("needs {}", edit.text),
        Enter::SendAsText => "text".to_owned(),
        Enter::Unknown(unknown) => format!("unknown {}", unknown.name),
        Enter::Unavailable { reason } => format!("unavailable {reason}"),
    }
}

#[test]
fn enter_runs_what_is_whole_and_completes_what_is_not() {
    for (text, expected) in [
        ("", "nothing"),
        ("  ", "nothing"),
        ("hello", "text"),
        ("/usr/bin", "text"),
        ("/help", "run /help"),
        ("/hel", "run /help"),
        ("/hlp", "run /help"),
        ("/HELP", "run /help"),
        ("/model", "run /model"),
        ("/mod", "complete /model "),
        ("/model ", "run /model"),
        ("/btw", "needs /btw "),
        ("/bt", "needs /btw "),
        ("/btw ", "needs /btw "),
        ("/btw why?", "run /btw why?"),
        ("/qc", "complete /qc-helper "),
        ("/colours", "complete /theme "),
        ("/", "complete /help "),
        ("/zzz", "unknown zzz"),
        ("/hlep me", "complete /help me"),
        ("/goal set a\nb", "run /goal set a\nb"),
    ] {
        assert_eq!(enter(text), expected, "{text}");
    }
}

#[test]
fn enter_takes_a_value_only_when_it_is_clear_which() {
    for (text, expected) in [
        ("/theme ", "run /theme"),
        ("/theme da", "run /theme dark"),
        ("/theme dark", "run /theme dark"),
        ("/theme x", "run /theme x"),
        ("/stats mo", "run /stats model"),
        ("/language ui", "run /language ui"),
        ("/language u", "complete /language ui "),
        ("/language output", "needs /language output "),
        ("/language output de", "run /language output de"),
        ("/approval-mode yo", "run /approval-mode yolo"),
        ("/approval-mode o", "complete /approval-mode auto-edit "),
        ("/effort h", "complete /effort high "),
        ("/effort high", "run /effort high"),
        ("/resume par", "complete /resume 6f1 "),
        ("/goal pa", "run /goal pa"),
        ("/goal pause", "run /goal pause"),
        ("/goal set", "needs /goal set "),
        ("/model gp", "run /model gpt-5"),
        ("/context det", "run /context detail"),
    ] {
        assert_eq!(enter(text), expected, "{text}");
    }
}

#[test]
fn a_row_chosen_by_hand_is_what_is_meant() {
    assert_eq!(describe(&suggest("/theme ").enter(Some(1))), "run /theme dark");
    assert_eq!(describe(&suggest("/").enter(Some(0))), "run /help");
    assert_eq!(describe(&suggest("/goal p").enter(Some(0))), "run /goal pause");
    assert_eq!(describe(&suggest("/help").enter(Some(99))), "run /help");
}

#[test]
fn a_destructive_command_never_runs_by_a_guess() {
    for name in ["clear", "delete", "rewind", "release", "reset"] {
        let whole = format!("/{name}");
        for end in 2..whole.len() {
            let menu = suggest(&whole[..end]);
            let ran = describe(&menu.enter(None));
            assert!(!ran.starts_with(&format!("run {whole}")), "{} ran {ran}", &whole[..end]);
        }
        assert_eq!(enter(&whole), format!("run {whole}"));
    }
    let menu = suggest("/del");
    assert_eq!((menu.on_enter(0, None), menu.on_enter(0, Some(0))), (OnEnter::Choose, OnEnter::Run));
    assert_eq!(describe(&menu.enter(Some(0))), "run /delete");
}

#[test]
fn a_row_says_what_enter_will_do() {
    assert_eq!(suggest("/hel").on_enter(0, None), OnEnter::Run);
    assert_eq!(suggest("/mod").on_enter(0, None), OnEnter::Choose);
}

fn tab(text: &str) -> Option<String> {
    let edit = suggest(text).tab(None)?;
    assert_eq!(edit.caret, edit.text.len());
    Some(edit.text)
}

#[test]
fn tab_completes_the_shared_start_first_and_never_runs() {
    for (text, expected) in [
        ("/mo", Some("/model ")),
        ("/re", Some("/recap ")),
        ("/rem", Some("/remember ")),
        ("/help", Some("/help ")),
        ("/model --v", Some("/model --voice ")),
        ("/eff", Some("/effort ")),
        ("/e", Some("/effort ")),
        ("/sta", Some("/stat")),
        ("/stat", Some("/stats ")),
        ("/theme ", Some("/theme light ")),
        ("/status p", Some("/status paths ")),
        ("/hlep", Some("/help ")),
        ("mod", Some("/model ")),
        ("model this", None),
        ("", None),
        ("/usr/bin", None),
        ("/theme dark ", None),
    ] {
        assert_eq!(tab(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn accepting_keeps_what_stands_behind_the_word() {
    let text = "/theme li and more";
    let edit = palette().suggest(text, 9, &context()).accept(0).expect("a row");
    assert_eq!((edit.text.as_str(), edit.caret), ("/theme light and more", 13));
    let edit = suggest("/mod").accept(0).expect("a row");
    assert_eq!((edit.text.as_str(), edit.caret), ("/model ", 7));
    assert_eq!(suggest("/mod").accept(99), None);
}
