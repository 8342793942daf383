use std::cell::RefCell;

use super::{report::Alone, *};

fn failure(name: &str) -> Failure {
    let alone = Alone { target: vec!["--lib".to_owned()], name: name.to_owned() };
    Failure { name: format!("roost_core::{name}"), alone: Some(alone) }
}

fn report_of(names: &[&str]) -> Report {
    Report { passed: 3, failures: names.iter().map(|name| failure(name)).collect() }
}

#[test]
fn exactly_what_failed_runs_once_more_and_only_what_fails_twice_has_failed() -> anyhow::Result<()> {
    let asked = RefCell::new(Vec::new());
    let tally = settle(report_of(&["lucky", "broken"]), |failure| {
        asked.borrow_mut().push(failure.name.clone());
        Ok(failure.name.ends_with("lucky"))
    })?;
    assert_eq!(asked.into_inner(), ["roost_core::lucky", "roost_core::broken"]);
    let expected = "unstable: roost_core::lucky failed, then passed when run again\n\
                    failed: roost_core::broken\n4 passed, 1 failed, 1 unstable";
    assert_eq!(tally.to_string(), expected);
    assert!(!tally.is_success());
    Ok(())
}

#[test]
fn many_failures_are_no_accident() -> anyhow::Result<()> {
    let names = vec!["broken"; MOST_RUN_AGAIN + 1];
    let tally = settle(report_of(&names), |failure| anyhow::bail!("{} is not run again", failure.name))?;
    assert!(tally.to_string().ends_with("3 passed, 21 failed"), "{tally}");
    Ok(())
}

#[test]
fn both_streams_are_read_in_order_and_to_the_end_of_the_command_alone() -> anyhow::Result<()> {
    // With a process left behind that keeps the pipe open until its stdin ends, bytes that are no text, and no last line end.
    let script = "exec 3<&0; cat <&3 & \
                  echo '     Running tests/cli.rs (deps/cli-1)' >&2; printf '\\377\\n'; \
                  echo 'failures:'; echo '    a_dash'; echo 'test result: FAILED. 2 passed; 1 failed; 0 ignored'; \
                  echo 'error: test failed, to rerun pass `-p x --test cli`' >&2; printf end; exit 101";
    let (input, left_behind) = io::pipe()?;
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(input);
    let report = run_and_read(command)?;
    drop(left_behind);
    let [failure] = report.failures.as_slice() else { panic!("{report:?}") };
    assert_eq!((report.passed, failure.name.as_str()), (2, "cli::a_dash"));
    let target = ["--test".to_owned(), "cli".to_owned()];
    assert_eq!(failure.alone, Some(Alone { target: target.to_vec(), name: "a_dash".to_owned() }));
    Ok(())
}

#[test]
fn what_cannot_be_run_by_itself_has_failed() -> anyhow::Result<()> {
    assert!(!run_again(&Failure { name: "wire, which broke off before it was through".to_owned(), alone: None })?);
    Ok(())
}
