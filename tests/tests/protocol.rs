//! What the sources owe the protocol: every route is tried, and every rule has a test that names it.

use roost_tests::{
    routes,
    source::{self, Source},
};

// What the router serves.

/// The routes that a source names: method and path, without what the table is mounted below.
fn routes_in(source: &Source) -> Vec<(usize, &'static str, String)> {
    let mut found = Vec::new();
    for (at, _) in source.text.match_indices(".route(") {
        let line = source.text[..at].lines().count();
        let call = balanced(&source.text[at + ".route".len()..]);
        // A path that is no literal stands in a table of its own: `/acp`.
        let Some((path, handlers)) = call.split_once('"').and_then(|(_, rest)| rest.split_once('"')) else { continue };
        let path = path.trim_start_matches("{workspace}").replace("{{", "{").replace("}}", "}");
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let methods = [("get(", "GET"), ("post(", "POST"), ("put(", "PUT"), ("patch(", "PATCH"), ("delete(", "DELETE")];
        let served = methods.iter().filter(|(word, _)| names(handlers, word));
        found.extend(served.map(|(_, method)| (line, *method, path.clone())));
    }
    found
}

/// `text` up to the parenthesis that closes its first.
fn balanced(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

#[test]
fn the_tests_know_every_route_of_the_router_and_no_other() -> anyhow::Result<()> {
    let known = routes::as_written();
    let mut served = Vec::new();
    let mut findings = Vec::new();
    for source in source::rust(&["server"])?.iter().filter(|source| source.path.starts_with("server/src/routes")) {
        for (line, method, path) in routes_in(source) {
            if !known.contains(&(method, path.as_str())) {
                findings.push(format!("{}:{line}: {method} {path}", source.path));
            }
            served.push((method, path));
        }
    }
    let gone = known.iter().filter(|(method, path)| {
        !path.ends_with("/acp") && !served.iter().any(|(served, at)| served == method && at == path)
    });
    findings.extend(gone.map(|(method, path)| format!("tests/src/routes.rs: {method} {path} is not served")));
    let what_to_do = "name it in tests/src/routes.rs, so that every route meets bad input and strangers";
    assert!(findings.is_empty(), "\n{}\n→ {what_to_do}", findings.join("\n"));
    Ok(())
}

// What the protocol's rules demand.

/// The numbered rules of the protocol's state machines that the daemon and its clients keep: letter and count.
const RULES: &[(char, u32)] = &[
    ('P', 16),
    ('D', 5),
    ('M', 3),
    ('C', 10),
    ('R', 7),
    ('X', 3),
    ('V', 18),
    ('B', 11),
    ('A', 4),
    ('L', 6),
    ('F', 4),
    ('S', 5),
    ('U', 5),
];

/// The rules that tests of this source name: `/// P3, P5: …` in the comment right above the attribute of a test.
fn rules_tested_in(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let is_test = |line: &&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    let tests = lines.iter().enumerate().filter(|(_, line)| is_test(line));
    let mut named = Vec::new();
    for (at, _) in tests {
        let comment = lines[..at].iter().rev().take_while(|line| line.starts_with("///") || line.starts_with("#["));
        let ids = comment.filter_map(|line| line.strip_prefix("/// ")?.split_once(':')).map(|(ids, _)| ids);
        named.extend(ids.flat_map(|ids| ids.split(", ")).map(str::to_owned));
    }
    named
}

#[test]
fn every_rule_of_the_protocol_has_a_test_that_names_it() -> anyhow::Result<()> {
    let sources = source::rust(&["core", "server", "agent", "tests"])?;
    let named: Vec<String> = sources.iter().flat_map(rules_tested_in).collect();
    let rules = RULES.iter().flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")));
    let missing = rules.filter(|rule| !named.contains(rule));
    let missing: Vec<String> = missing.collect();
    let what_to_do = "write a test of it, with a comment that begins with the rule's name: `/// P3: …`";
    assert!(missing.is_empty(), "{}\n→ {what_to_do}", missing.join(" "));
    Ok(())
}

/// Whether `call` (a name with its parenthesis) stands in `text` as a name of its own.
fn names(text: &str, call: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(call).any(|(at, _)| !text[..at].ends_with(part_of_name))
}
