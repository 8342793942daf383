//! Command lines of the users'.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn run(stage: &mut Stage) -> Ticket {
    let lines = stage.command(Some("a"), Command::Shell { command: "ls".into(), cwd: "/w".into() });
    assert_eq!(lines, ["publish user_shell_command", "run ls in /w"]);
    Ticket(stage.tickets)
}

fn news(stage: &mut Stage, ticket: Ticket, news: ShellNews) -> Vec<String> {
    stage.input(Input::Shell { ticket, news })
}

#[test]
fn a_command_line_is_told_from_its_start_to_its_end_and_to_the_agent() {
    let mut stage = Stage::new(SessionConfig::default());
    let ticket = run(&mut stage);
    assert_eq!(stage.data(&EventType::UserShellCommand), json!({"sessionId": "s", "command": "ls", "cwd": "/w"}));
    assert_eq!(stage.originator(&EventType::UserShellCommand), Some("a"));
    assert_eq!(news(&mut stage, ticket, ShellNews::Output("a\n".into())), ["publish session_update"]);
    assert_eq!(
        stage.data(&EventType::SessionUpdate)["update"],
        json!({"sessionUpdate": "shell_output", "output": "a\n", "_meta": {"serverTimestamp": 1000, "source": "user-shell"}})
    );
    let end = ShellEnd { exit_code: Some(0), signal: None, aborted: false, output: "a\n".into() };
    assert_eq!(
        news(&mut stage, ticket, ShellNews::Ended(end)),
        ["publish user_shell_result", "call qwen/control/session/shell_history", "reply exit Some(0) aborted false"]
    );
    assert_eq!(
        stage.data(&EventType::UserShellResult),
        json!({"sessionId": "s", "exitCode": 0, "signal": null, "aborted": false, "_meta": {"serverTimestamp": 1000}})
    );
    assert_eq!(stage.calls[0].1, json!({"sessionId": "s", "command": "ls", "output": "a\n", "exitCode": 0}));
    let call = stage.last_call();
    let refused = AgentInput::Reply { call, result: Err(RpcError::new(-32601, "no such method")) };
    assert_eq!(stage.agent(refused), [""; 0], "an agent without a memory for it is none the worse");
}

#[test]
fn the_agent_is_told_the_head_of_a_long_output() {
    let mut stage = Stage::new(SessionConfig::default());
    let ticket = run(&mut stage);
    let end = ShellEnd { output: "é".repeat(20_000).into(), ..ShellEnd::default() };
    news(&mut stage, ticket, ShellNews::Ended(end));
    let told = stage.calls[0].1["output"].as_str().expect("a text").to_owned();
    assert_eq!(told, format!("{}\n… (truncated)", "é".repeat(10_000)));
}

/// X1: whoever waits for a command line is answered when the session closes, before the streams are told.
#[test]
fn x1_a_closing_session_stops_its_command_lines() {
    let mut stage = Stage::new(SessionConfig::default());
    let ticket = run(&mut stage);
    assert_eq!(
        stage.command(Some("b"), Command::Close),
        [
            "stop shell",
            "publish user_shell_result",
            "reply exit None aborted true",
            "publish session_closed",
            "end streams",
            "reply ok",
            "retire",
        ]
    );
    assert_eq!(news(&mut stage, ticket, ShellNews::Ended(ShellEnd::default())), [""; 0]);
}

/// C9, X2: a running command line keeps its session, and its end lets go of it.
#[test]
fn c9_a_running_command_line_keeps_the_session() {
    let mut stage = Stage::new(SessionConfig { idle_timeout: Millis(1), ..SessionConfig::default() });
    let ticket = run(&mut stage);
    stage.command(Some("a"), Command::Detach);
    stage.command(Some("b"), Command::Detach);
    stage.now = Millis(9_000);
    assert_eq!(stage.input(Input::Reap), [""; 0]);
    let lines = news(&mut stage, ticket, ShellNews::Failed("no shell".into()));
    assert_eq!(lines[..2], ["publish user_shell_result", "reply the shell cannot be started: no shell"]);
    assert_eq!(stage.data(&EventType::UserShellResult)["error"], "no shell");
    assert_eq!(stage.data(&EventType::SessionClosed)["reason"], "last_client_detached");
}
