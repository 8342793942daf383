#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn slots(hint: &str) -> Vec<String> {
    let describe = |slot: &Slot| {
        let words: Vec<_> = slot.choices.iter().map(|choice| choice.word.as_str()).collect();
        let marks = [(slot.required, "!"), (slot.free, "*"), (slot.is_flag(), "-")];
        let marks: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
        format!("{} {marks}{}", slot.text, words.join(","))
    };
    Hint::parse(hint).slots().iter().map(describe).collect()
}

#[test]
fn hints_are_understood_as_far_as_they_can_be() {
    for (hint, expected) in [
        ("", vec![]),
        ("<description>", vec!["<description> !*"]),
        ("<memory text to remove>", vec!["<memory text to remove> !*"]),
        ("[path]", vec!["[path] *"]),
        ("[low|medium|high]", vec!["[low|medium|high] low,medium,high"]),
        ("[md|html] [path]", vec!["[md|html] md,html", "[path] *"]),
        ("<path|URL|text> [focus]", vec!["<path|URL|text> !*", "[focus] *"]),
        ("ui|output <language>", vec!["ui|output ui,output", "<language> !*"]),
        ("<key>[=<value>] or --help", vec!["<key>[=<value>] !*--help"]),
        ("[PID or symptom]", vec!["[PID or symptom] *"]),
        ("[interval] [prompt] | list | clear", vec!["[interval] *list,clear", "[prompt] *"]),
        ("[Concise|<custom>|default]", vec!["[Concise|<custom>|default] *Concise,default"]),
        (
            "[--fast|--voice] [--project] [<model-id>] | <model-id> <prompt>",
            vec!["[--fast|--voice] ---fast,--voice", "[--project] ---project", "[<model-id>] *"],
        ),
        (
            "[pr-number|file-path] [--effort low|medium] [--fix]",
            vec!["[pr-number|file-path] *", "[--effort low|medium] ---effort", "[--fix] ---fix"],
        ),
        ("[<objective> | set <objective> | pause]", vec!["[<objective> | set <objective> | pause] *set,pause"]),
        ("[status|run [--dry-run]|pin <directory>]", vec!["[status|run [--dry-run]|pin <directory>] status,run,pin"]),
        ("]>[<", vec!["]>[< *"]),
    ] {
        assert_eq!(slots(hint), expected, "{hint}");
    }
}

#[test]
fn placeholders_say_which_values_they_take() {
    let kind = |hint: &str| Hint::parse(hint).slots()[0].kind;
    assert_eq!(kind("[<model>]"), Some(ValueKind::Model));
    assert_eq!(kind("<session-id>"), Some(ValueKind::Session));
    assert_eq!(kind("<path|URL>"), Some(ValueKind::File));
    assert_eq!(kind("[model|tools]"), None);
}

fn chips(hint: &str, args: &str) -> Vec<(ChipState, bool)> {
    Hint::parse(hint).chips(args).into_iter().map(|chip| (chip.state, chip.problem.is_some())).collect()
}

#[test]
fn the_chip_being_typed_is_the_current_one() {
    use ChipState::{Current, Done, Pending};
    let hint = "[--fast] [md|html] <path>";
    assert_eq!(chips(hint, ""), [(Pending, false), (Current, false), (Pending, false)]);
    assert_eq!(chips(hint, " h"), [(Pending, false), (Current, false), (Pending, false)]);
    assert_eq!(chips(hint, " --fast html "), [(Done, false), (Done, false), (Current, false)]);
    assert_eq!(chips(hint, " pdf "), [(Pending, false), (Done, true), (Current, false)]);
    assert_eq!(chips(hint, " x"), [(Pending, false), (Current, true), (Pending, false)]);
    assert_eq!(chips(hint, " md a "), [(Pending, false), (Done, false), (Done, false)]);
    assert_eq!(chips("[--effort low|high] [text]", " --effort low it is"), [(Done, false), (Current, false)]);
    let problem = Hint::parse("[md|html]").chips("pdf").remove(0).problem;
    assert_eq!(problem.as_deref(), Some("one of md, html"));
}

#[test]
fn the_ghost_is_shown_while_nothing_follows_the_name() {
    assert_eq!(suggest("/model").ghost, " [--fast|--voice|--vision] [<model>]");
    assert_eq!(suggest("/model ").ghost, "[--fast|--voice|--vision] [<model>]");
    assert_eq!(suggest("/model g").ghost, "");
    assert_eq!(suggest("/mode").ghost, "");
    assert_eq!(suggest("/status").ghost, " [paths]");
    assert_eq!(suggest("/language output ").ghost, "<language>");
    assert_eq!(suggest("/help").ghost, "");
}

#[test]
fn a_known_name_is_marked_in_the_text() {
    assert_eq!(suggest("/help").name, Some(0..5));
    assert_eq!(suggest("/about x").name, Some(0..6));
    assert_eq!(suggest("/hel").name, None);
    assert_eq!(suggest("/nosuch x").name, None);
}
