//! The laws of the command line and of the palette's order.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};
use roost_core::slash::{
    Advertised, Catalogue, Chip, Context, Enter, Hint, Line, Menu, Palette, Value, ValueKind, escape, unescape,
};
use serde_json::json;

/// Names that share starts, words and letters, as real ones do.
fn name() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec!["new", "app", "mo", "model", "mode", "del", "delete", "goal", "x", "é", "Go"]);
    vec(word, 1..4)
        .prop_flat_map(|words| prop::sample::select(vec!["", "-", ":", "_"]).prop_map(move |joint| words.join(joint)))
}

fn catalogue() -> impl Strategy<Value = Catalogue> {
    let source = prop::sample::select(vec!["builtin-command", "bundled-skill", "mcp-prompt"]);
    let hint = prop::option::of(prop::sample::select(vec!["", "<x>", "[a|b]", "[path]", "[--flag] [<model>] | list"]));
    let entry = (name(), vec(name(), 0..2), source, hint).prop_map(|(name, aliases, source, hint)| {
        json!({
            "name": name,
            "description": "does the thing",
            "input": hint.map(|hint| json!({"hint": hint})),
            "_meta": {"source": source, "altNames": aliases},
        })
    });
    (vec(entry, 0..24), any::<bool>()).prop_map(|(entries, local)| {
        Catalogue::new(|_| local, Advertised::read(&json!({"availableCommands": entries})).commands)
    })
}

fn context() -> impl Strategy<Value = Context> {
    vec(name(), 0..6).prop_map(|recent| {
        let value = |text: &str| Value { text: text.to_owned(), ..Value::default() };
        Context { recent, values: [(ValueKind::Model, vec![value("m1"), value("m2")])].into(), ..Context::default() }
    })
}

fn suggest(palette: &Palette, query: &str, context: &Context) -> Menu {
    let text = format!("/{query}");
    palette.suggest(&text, text.len(), context)
}

fn selected(menu: &Menu) -> Option<&str> {
    Some(&menu.rows.get(menu.selected?)?.label[1..])
}

/// Every start of `name` that ends between two letters, the whole name included.
fn starts(name: &str) -> impl Iterator<Item = &str> {
    name.char_indices().map(|(at, c)| &name[..at + c.len_utf8()])
}

proptest! {
    #[test]
    fn a_line_survives_parse_render_parse(text in prop_oneof!["/[a-z/*\\\\ \n\t:é-]{0,12}", any::<String>().prop_map(|text| format!("/{text}"))]) {
        if let Some(line) = Line::parse(&text) {
            let rendered = line.to_string();
            prop_assert_eq!(Line::parse(&rendered), Some(line));
        }
    }

    #[test]
    fn an_escape_hides_every_command_and_is_undone(text in prop_oneof!["[/\\\\a]{0,6}", any::<String>()]) {
        let escaped = escape(&text);
        prop_assert_eq!(Line::parse(&escaped), None);
        prop_assert_eq!(unescape(&escaped), &text);
    }

    #[test]
    fn the_whole_name_selects_its_command(catalogue in catalogue(), context in context()) {
        let palette = Palette::new(catalogue);
        for command in palette.catalogue().commands() {
            let menu = suggest(&palette, &command.name, &context);
            prop_assert_eq!(selected(&menu), Some(command.name.as_str()));
        }
    }

    #[test]
    fn the_order_is_total_and_does_not_depend_on_the_catalogues(catalogue in catalogue(), query in "[nmodelgap-]{1,4}", context in context()) {
        let forwards = catalogue.commands().to_vec();
        let backwards = Catalogue::new(|_| false, forwards.iter().rev().cloned());
        let labels = |catalogue: Catalogue| {
            let menu = suggest(&Palette::new(catalogue), &query, &context);
            menu.rows.into_iter().map(|row| row.label).collect::<Vec<_>>()
        };
        prop_assert_eq!(labels(Catalogue::new(|_| false, forwards)), labels(backwards));
    }

    #[test]
    fn marks_are_the_letters_of_the_query(catalogue in catalogue(), query in "[nmodelgap]{1,4}") {
        for row in suggest(&Palette::new(catalogue), &query, &Context::default()).rows {
            let marked: String = row.marks.iter().map(|mark| &row.label[mark.clone()]).collect();
            if !marked.is_empty() {
                prop_assert_eq!(marked.to_lowercase(), query.clone());
            }
            prop_assert!(row.marks.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }

    #[test]
    fn an_untouched_menu_runs_no_destructive_command_but_by_its_whole_name(query in "[a-z]{0,7}") {
        let palette = Palette::new(Catalogue::new(|_| true, []));
        if let Enter::Run { line } = suggest(&palette, &query, &Context::default()).enter(None) {
            let command = palette.catalogue().find(&line[1..]).expect("a whole command");
            prop_assert!(!command.destructive || line[1..] == query, "/{} ran {}", query, line);
        }
    }

    #[test]
    fn no_text_and_no_key_is_too_much(
        catalogue in catalogue(),
        context in context(),
        text in prop_oneof!["/[a-z]{0,5}([ \u{3000}][a-z<\\-]{0,4}){0,3}", "/(model|new|mode)( [a-zé-]{0,4}){0,3}", any::<String>()],
        caret in 0usize..20,
        chosen in prop::option::of(0usize..4),
    ) {
        let palette = Palette::new(catalogue);
        let menu = palette.suggest(&text, caret.min(text.len()), &context);
        let edits = (0..menu.rows.len()).map(|index| menu.accept(index)).chain([menu.tab(chosen)]).flatten();
        for edit in edits {
            prop_assert!(edit.text.is_char_boundary(edit.caret));
        }
        for index in 0..menu.rows.len() {
            let _ = menu.on_enter(index, chosen);
        }
        if let Enter::Run { line } = menu.enter(chosen) {
            prop_assert!(Line::parse(&line).is_some_and(|line| palette.catalogue().find(line.name).is_some()), "{:?} ran {:?}", text, line);
        }
        let _ = palette.route(&text);
    }

    #[test]
    fn every_hint_is_read_and_keeps_its_text(hint in prop_oneof!["[a-c<>\\[\\]| -]{0,20}", any::<String>()], args in any::<String>()) {
        let read = Hint::parse(&hint);
        prop_assert_eq!(read.text(), hint.trim());
        let chips: Vec<Chip> = read.chips(&args);
        prop_assert_eq!(chips.len(), read.slots().len());
    }
}

proptest! {
    // Quadratic in the catalogue: fewer cases find as much.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_selected_name_stays_selected_while_it_is_typed(catalogue in catalogue(), context in context()) {
        let palette = Palette::new(catalogue);
        let commands = palette.catalogue().commands();
        for command in commands {
            let mut was_selected_by_name = false;
            for query in starts(&command.name) {
                let menu = suggest(&palette, query, &context);
                let is_selected = selected(&menu) == Some(&command.name);
                let folded = query.to_lowercase();
                let is_anothers = commands.iter().any(|other| {
                    other.name != command.name && other.names().any(|name| name.to_lowercase() == folded)
                });
                if was_selected_by_name && !is_anothers {
                    prop_assert!(is_selected, "/{} lost {} to {:?}", query, command.name, selected(&menu));
                }
                was_selected_by_name = is_selected && menu.rows[0].alias.is_none();
            }
        }
    }
}

#[test]
fn recent_use_decides_between_equals() {
    let entry = |name: &str| json!({"name": name, "_meta": {"source": "builtin-command"}});
    let announced = json!({"availableCommands": [entry("tab"), entry("tag"), entry("tap")]});
    let palette = Palette::new(Catalogue::new(|_| false, Advertised::read(&announced).commands));
    let order = |recent: &[&str]| {
        let context = Context {
            recent: recent.iter().map(|name| (*name).to_owned()).collect(),
            values: BTreeMap::new(),
            ..Context::default()
        };
        let menu = suggest(&palette, "ta", &context);
        menu.rows.into_iter().map(|row| row.label).collect::<Vec<_>>()
    };
    assert_eq!(order(&[]), ["/tab", "/tag", "/tap"]);
    assert_eq!(order(&["tap", "tag"]), ["/tap", "/tag", "/tab"]);
}
