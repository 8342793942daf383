//! What code must not do: words that may not stand in it.

use roost_tests::{program, source};

use crate::{
    ROOMS,
    finding::{Finding, contains_word, expect_none, in_code, is_listed},
};

#[test]
fn only_the_daemons_main_names_the_agent() -> anyhow::Result<()> {
    let mut findings = in_code(&source::rust(&["core", "server", "web", "tests", "xtask"])?, &["roost_agent"]);
    findings.retain(|finding| finding.path != "server/src/main.rs");
    expect_none(&findings, "the daemon knows the agent as a child process that speaks ACP, and as nothing else");
    Ok(())
}

// The law of the core.

#[test]
fn core_has_no_clock_no_io_no_async_and_no_chance() -> anyhow::Result<()> {
    let words = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "std::thread",
        "std::os",
        "stdin",
        "stdout",
        "stderr",
        "Instant",
        "SystemTime",
        "tokio",
        "futures",
        "async fn",
        ".await",
        "tracing",
        "rand",
        "println!",
        "eprintln!",
        "print!",
        "thread_local!",
        "Mutex",
        "RwLock",
    ];
    let findings = in_code(&source::rust(&["core"])?, &words);
    expect_none(&findings, "time is an argument, effects are return values; whoever owns a socket performs them");
    Ok(())
}

#[test]
fn core_never_depends_on_the_order_of_a_hash_table() -> anyhow::Result<()> {
    let findings = in_code(&source::rust(&["core"])?, &["HashMap", "HashSet"]);
    expect_none(&findings, "use BTreeMap or a Vec: the order of a hash table differs from run to run");
    Ok(())
}

// What reaches the page, and what a fault may do.

#[test]
fn the_page_never_makes_html_from_text() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    let doors = [
        "innerHTML",
        "inner_html",
        "outerHTML",
        "outer_html",
        "insertAdjacentHTML",
        "insert_adjacent_html",
        "document.write",
        "eval(",
        "new Function",
        "createContextualFragment",
        "DOMParser",
    ];
    for source in source::all()?.iter().filter(|source| source.room() == "web" || source.path == "index.html") {
        let parts = if source.is_rust() { source.lines() } else { Vec::new() };
        for (index, line) in source.text.lines().enumerate() {
            let comment = parts.get(index).map_or("", |part| part.comment.as_str());
            let found = doors.iter().filter(|door| line.contains(**door) && !comment.contains(**door));
            findings.extend(found.map(|door| Finding::new(&source.path, index + 1, *door)));
        }
    }
    expect_none(&findings, "build nodes and text; model and tool output must not become markup");
    Ok(())
}

#[test]
fn the_page_asks_for_time_and_storage_in_one_place() -> anyhow::Result<()> {
    let doors =
        ["local_storage()", "session_storage()", "push_state", "replace_state", "request_animation_frame", "Date::now"];
    let mut findings = in_code(&source::rust(&["web"])?, &doors);
    findings.retain(|finding| !finding.path.starts_with("web/src/browser"));
    expect_none(&findings, "ask web/src/browser");
    Ok(())
}

#[test]
fn nothing_unwraps_outside_tests() -> anyhow::Result<()> {
    let mut findings =
        in_code(&source::rust(ROOMS)?, &[".unwrap()", "panic!", "unreachable!", "todo!", "unimplemented!", "dbg!"]);
    // `const { NonZero::new(8).unwrap() }` is checked when it is compiled.
    findings
        .retain(|finding| !line_of(finding).is_some_and(|line| line.contains("const {") || line.contains("const ")));
    expect_none(&findings, "return the error, or `expect` with the reason why it cannot happen");
    Ok(())
}

fn line_of(finding: &Finding) -> Option<String> {
    let text = std::fs::read_to_string(program::repository().join(&finding.path)).ok()?;
    text.lines().nth(finding.line - 1).map(str::to_owned)
}

/// Where code may be unsafe, and what for.
const MAY_BE_UNSAFE: &[(&str, &str)] =
    &[("server/src/child/process.rs", "a hook between fork and exec, which the standard library has in no safe form")];

#[test]
fn no_code_is_unsafe_but_what_is_listed() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for source in source::rust(ROOMS)?.iter().filter(|source| !is_listed(source, MAY_BE_UNSAFE)) {
        for line in source.lines() {
            if contains_word(&line.code, "unsafe_code") || contains_word(&line.code, "unsafe") {
                findings.push(Finding::new(&source.path, line.number, line.code.trim()));
            }
        }
    }
    expect_none(&findings, "use a safe wrapper (rustix for system calls)");
    Ok(())
}

#[test]
fn no_test_is_ignored_and_none_waits_by_sleeping() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for source in source::rust(ROOMS)? {
        let end_to_end = source.path.starts_with("tests/tests/");
        for line in source.lines() {
            if line.code.contains("#[ignore") || end_to_end && contains_word(&line.code, "sleep") {
                findings.push(Finding::new(&source.path, line.number, line.code.trim()));
            }
        }
    }
    expect_none(&findings, "wait for the event itself (roost_tests::deadline), and run every test or remove it");
    Ok(())
}
