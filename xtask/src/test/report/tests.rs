use std::os::unix::process::ExitStatusExt;

use super::*;

const GOOD: i32 = 0;
const BAD: i32 = 101 << 8;

fn read(output: &str, status: i32) -> Report {
    let mut reader = Reader::default();
    output.lines().for_each(|line| reader.line(line));
    reader.close(ExitStatus::from_raw(status))
}

fn alone(target: &[&str], name: &str) -> Option<Alone> {
    Some(Alone { target: target.iter().map(ToString::to_string).collect(), name: name.to_owned() })
}

const TWO_PROGRAMS: &str = "
     Running unittests src/lib.rs (target/debug/deps/roost_core-0f2a37caf8761a16)

running 2 tests
test sse::tests::a_frame_ends_at_an_empty_line ... ok
test sse::tests::a_comment_is_no_event ... FAILED

failures:

---- sse::tests::a_comment_is_no_event stdout ----
thread 'main' panicked:
    left: 1
failures:
    not the name of a test
test result: FAILED. 40 passed; 2 failed; this is what the test itself printed


failures:
    sse::tests::a_comment_is_no_event

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

error: test failed, to rerun pass `-p roost-core --lib`
     Running tests/cli.rs (/elsewhere/debug/deps/cli-306b37caf8761a16)

running 3 tests
test a_dash_reads_the_prompt_from_stdin ... ok

test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.88s

   Doc-tests roost_core

running 1 test
test core/src/sse.rs - sse::parse (line 12) ... FAILED

failures:

failures:
    core/src/sse.rs - sse::parse (line 12)

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.30s

error: doctest failed, to rerun pass `-p roost-core --doc`
error: 2 targets failed:
    `-p roost-core --lib`
    `-p roost-core --doc`
";

#[test]
fn failed_tests_are_named_with_their_program_and_with_what_runs_them_alone() {
    let report = read(TWO_PROGRAMS, BAD);
    assert_eq!(report.passed, 4);
    let [unit, doc] = report.failures.as_slice() else { panic!("{report:?}") };
    assert_eq!(unit.name, "roost_core::sse::tests::a_comment_is_no_event");
    assert_eq!(unit.alone, alone(&["--lib"], "sse::tests::a_comment_is_no_event"));
    assert_eq!(doc.name, "roost_core::core/src/sse.rs - sse::parse (line 12)");
    assert_eq!(doc.alone, None, "cargo has no way to run one doc test");
}

#[test]
fn a_list_with_an_empty_line_before_it_is_read_as_well() {
    let output = "     Running unittests src/lib.rs (target/wasm32-unknown-unknown/debug/deps/roost_core-0f2a.wasm)\n\
                  failures:\n\n    sse::tests::a_comment_is_no_event\n\n\
                  test result: FAILED. 7 passed; 1 failed; 0 ignored; 0 filtered out; finished in 0.1s\n";
    let report = read(output, BAD);
    assert_eq!(report.failures[0].name, "roost_core::sse::tests::a_comment_is_no_event");
}

#[test]
fn a_program_that_breaks_off_is_a_failure_that_is_not_run_again() {
    let output = "     Running tests/wire/main.rs (target/debug/deps/wire-306b37caf8761a16)\n\
                  running 3 tests\ntest stop ... ok\nfatal runtime error: stack overflow\n\
                  error: test failed, to rerun pass `-p roost-tests --test wire`\n\
                  \x20    Running tests/tidy.rs (target/debug/deps/tidy-306b37caf8761a16)\n\
                  test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.88s\n";
    let name = "wire, which broke off before it was through".to_owned();
    assert_eq!(read(output, BAD), Report { passed: 3, failures: vec![Failure { name, alone: None }] });
}

#[test]
fn what_fails_before_there_is_a_test_is_a_failure_too() {
    let report = read("error: could not compile `roost-core` (lib test)\n", BAD);
    assert!(report.failures[0].name.starts_with("cargo test, which ended with exit status: 101"), "{report:?}");
    assert_eq!(read("", GOOD), Report::default());
}

#[test]
fn a_failure_without_a_name_is_counted_all_the_same() {
    let output = "     Running tests/cli.rs (target/debug/deps/cli-306b)\n\
                  test result: FAILED. 7 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out\n";
    let report = read(output, BAD);
    assert_eq!((report.passed, report.failures.len()), (7, 2));
    assert_eq!(report.failures[1].name, "cli::a test that was not named");
}
