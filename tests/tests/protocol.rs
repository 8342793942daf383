//! What the sources owe the protocol: every route is tried, and every rule has a test that names it.

use std::collections::BTreeSet;

use roost_tests::{
    program, routes,
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

/// The rules that `docs/RULES.md` numbers: `- **P3** …`.
fn rules() -> anyhow::Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(program::repository().join("docs/RULES.md"))?;
    let rule = |line: &str| Some(line.strip_prefix("- **")?.split_once("**")?.0.to_owned());
    Ok(text.lines().filter_map(rule).collect())
}

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

/// Whether `text` is the name of a rule: a letter and a number.
fn is_rule(text: &str) -> bool {
    let number = text.strip_prefix(|c: char| c.is_ascii_uppercase());
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[test]
fn every_rule_has_a_test_that_names_it_and_no_test_names_another() -> anyhow::Result<()> {
    let rules = rules()?;
    let sources = source::rust(&["core", "server", "agent", "tests"])?;
    let named: BTreeSet<String> = sources.iter().flat_map(rules_tested_in).filter(|name| is_rule(name)).collect();
    let untested: Vec<&str> = rules.difference(&named).map(String::as_str).collect();
    let unknown: Vec<&str> = named.difference(&rules).map(String::as_str).collect();
    let what_to_do = "write a test of the rule, with a comment that begins with its name: `/// P3: …`";
    assert!(untested.is_empty(), "{}\n→ {what_to_do}", untested.join(" "));
    assert!(unknown.is_empty(), "{}\n→ name a rule of docs/RULES.md, or write the rule down there", unknown.join(" "));
    assert!(rules.len() > 90, "docs/RULES.md lists its rules as `- **P3** …`; {} were found", rules.len());
    Ok(())
}

/// Whether `call` (a name with its parenthesis) stands in `text` as a name of its own.
fn names(text: &str, call: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(call).any(|(at, _)| !text[..at].ends_with(part_of_name))
}
