#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn an_announcement_is_read_entry_by_entry() {
    let read = Advertised::read(&announcement());
    assert_eq!((read.commands.len(), read.skipped), (11, 2));
    let category =
        |name: &str| read.commands.iter().find(|command| command.name == name).map(|command| command.category);
    assert_eq!(category("compress"), Some(Category::System));
    assert_eq!(category("qc-helper"), Some(Category::Skill));
    assert_eq!(category("new-app"), Some(Category::Skill));
    assert_eq!(category("review"), Some(Category::Skill), "named among the skills");
    assert_eq!(category("git:hi"), Some(Category::Custom));
    assert_eq!(category("ask"), Some(Category::Custom));
    assert_eq!(Advertised::read(&json!(null)), Advertised::default());
    let body =
        json!({"v": 1, "availableCommands": [{"name": "a", "_meta": {"source": "x"}}], "availableSkills": ["a"]});
    assert_eq!(Advertised::read(&body).commands[0].category, Category::Skill);
}

#[test]
fn one_name_is_one_command_with_the_best_of_both_sides() {
    let palette = palette();
    let status = palette.catalogue().find("status").expect("on both sides");
    assert_eq!((status.action, status.advertised), (Some(Action::Status), true));
    assert_eq!(status.aliases, ["about"]);
    assert_eq!(status.subcommands[0].name, "paths");
    assert_ne!(status.description, "about status", "the page's own words");
    let mut names: Vec<_> = palette.catalogue().commands().iter().map(|command| &command.name).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn the_commands_people_mistyped_come_first() {
    for (query, label) in [
        ("/help", "/help"),
        ("/new", "/new"),
        ("/goal", "/goal"),
        ("/mo", "/model"),
        ("/mode", "/model"),
        ("/mdl", "/model"),
        ("/ctx", "/context"),
        ("/am", "/approval-mode"),
        ("/app", "/approval-mode"),
        ("/MODEL", "/model"),
        ("/about", "/status"),
        ("/summ", "/compress"),
        ("/hi", "/git:hi"),
        ("/colours", "/theme"),
    ] {
        assert_eq!(first(query), label, "{query}");
    }
}

#[test]
fn an_alias_is_named_and_letters_are_marked() {
    let menu = suggest("/about");
    assert_eq!(menu.rows[0].alias.as_deref(), Some("about"));
    for (query, marked) in
        [("/mod", vec!["mod"]), ("/am", vec!["a", "m"]), ("/mdl", vec!["m", "d", "l"]), ("/hi", vec!["hi"])]
    {
        let row = &suggest(query).rows[0];
        let letters: Vec<_> = row.marks.iter().map(|mark| &row.label[mark.clone()]).collect();
        assert_eq!(letters, marked, "{query}");
    }
    assert_eq!(suggest("/am").rows[0].marks, [1..2, 10..11]);
}

#[test]
fn an_empty_query_lists_recent_commands_then_commands_then_skills() {
    let recent = ["diff", "nosuch", "model", "diff", "review", "log", "copy", "help"].map(str::to_owned).to_vec();
    let menu = palette().suggest("/", 1, &Context { recent, ..Context::default() });
    let of = |group| menu.rows.iter().filter(move |row| row.group == group).map(|row| row.label.as_str());
    assert_eq!(of(Group::Recent).collect::<Vec<_>>(), ["/diff", "/model", "/review", "/log", "/copy"]);
    assert_eq!(of(Group::Commands).next(), Some("/help"));
    assert_eq!(of(Group::Custom).collect::<Vec<_>>(), ["/git:hi", "/ask"]);
    assert_eq!(of(Group::Skills).collect::<Vec<_>>(), ["/qc-helper", "/new-app"]);
    let mut groups: Vec<_> = menu.rows.iter().map(|row| row.group).collect();
    groups.dedup();
    assert_eq!(groups, [Group::Recent, Group::Commands, Group::Custom, Group::Skills]);
    assert_eq!(menu.rows.len(), palette().catalogue().commands().len(), "each command once");
}

#[test]
fn the_list_opens_for_a_slash_at_the_start_of_the_text_only() {
    for text in ["", " /mo", "hi /mo", "/usr/bin", "//", "hello\n/mo", "!ls"] {
        assert!(!suggest(text).is_open(), "{text}");
    }
    let palette = palette();
    assert_eq!(palette.suggest("/mod", 2, &context()), palette.suggest("/mod", 4, &context()));
}

#[test]
fn words_behind_the_name_are_completed() {
    for (text, rows) in [
        ("/theme ", vec!["light", "dark"]),
        ("/theme d", vec!["dark"]),
        ("/theme x", vec![]),
        ("/language ui ", vec!["en", "zh-CN"]),
        ("/language ui z", vec!["zh-CN"]),
        ("/status ", vec!["paths"]),
        ("/effort ", vec!["low", "medium", "high", "xhigh", "max"]),
        ("/effort h", vec!["high", "xhigh"]),
        ("/effort high ", vec![]),
        ("/approval-mode ", vec!["plan", "default", "auto-edit", "yolo"]),
        ("/approval-mode ed", vec!["auto-edit"]),
        ("/model ", vec!["gpt-5", "qwen3-coder"]),
        ("/model --v", vec!["--voice", "--vision"]),
        ("/resume doc", vec!["Write the docs"]),
        ("/goal p", vec!["pause"]),
        ("/review --", vec!["--effort", "--fix"]),
        ("/mcp d", vec!["desc", "nodesc"]),
    ] {
        assert_eq!(labels(&suggest(text)), rows, "{text}");
    }
    assert!(suggest("/model ").rows[1].current);
}

#[test]
fn an_unknown_command_names_the_nearest() {
    let unknown = suggest("/zzz").unknown.expect("nothing matches");
    assert_eq!((unknown.name.as_str(), unknown.nearest), ("zzz", None));
    let unknown = suggest("/hlep me").unknown.expect("no such command");
    assert_eq!(unknown.nearest.as_deref(), Some("help"));
    assert!(suggest("/hlep me").is_open());
}

#[test]
fn a_command_that_cannot_run_now_is_listed_with_the_reason() {
    let unavailable = [("branch".to_owned(), "a turn is running".to_owned())].into();
    let context = Context { unavailable, ..Context::default() };
    for text in ["/branch", "/branch x"] {
        let menu = palette().suggest(text, text.len(), &context);
        assert_eq!(menu.enter(None), Enter::Unavailable { reason: "a turn is running".to_owned() }, "{text}");
    }
}
