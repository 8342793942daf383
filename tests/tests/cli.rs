//! The command line as a client: `roost prompt`, `roost sessions` and `roost attach` against a real daemon.

use std::{
    ffi::OsStr,
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    process::{Output, Stdio},
};

use anyhow::Context;
use roost_core::{Envelope, EventType};
use roost_tests::{
    client::events::{check_gap_free, ids, message_text},
    daemon::{Auth, Daemon, Setup, TOKEN},
    deadline::{until, within},
    fake_model::{FakeModel, Script, Step, script::words},
    processes::{self, Signal},
    program,
};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// A command of a user of `daemon` who has its token.
fn roost(daemon: &Daemon, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = stranger(daemon, arguments)?;
    command.env("QWEN_SERVER_TOKEN", TOKEN);
    Ok(command)
}

/// A command of somebody who has nothing but the daemon's address.
fn stranger(daemon: &Daemon, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(program::roost()?);
    command.args(arguments).env_clear().env("HOME", daemon.workspace()).env("ROOST_URL", daemon.url());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

async fn finish(mut command: Command) -> anyhow::Result<Output> {
    Ok(within("the command to end", command.output()).await??)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn events(output: &Output) -> anyhow::Result<Vec<Envelope>> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).context("a line is an event")).collect()
}

/// The session that `roost prompt` names on stderr.
fn named_session(output: &Output) -> anyhow::Result<String> {
    let stderr = text(&output.stderr);
    let named = stderr.lines().find_map(|line| line.strip_prefix("session "));
    Ok(named.with_context(|| format!("a session is named in {stderr}"))?.to_owned())
}

fn signal(child: &Child, signal: Signal) -> anyhow::Result<()> {
    processes::signal(i32::try_from(child.id().context("it runs")?)?, signal);
    Ok(())
}

fn write_note() -> Step {
    Step::tool_call("write_file", json!({"file_path": "note.txt", "content": "kept\n"}))
}

/// A model that wants to write `note.txt` and then says so.
async fn writing_model() -> anyhow::Result<FakeModel> {
    Ok(FakeModel::start(Script::turns([vec![write_note()], vec![Step::text("So be it.")]])).await?)
}

// roost prompt.

#[tokio::test]
async fn the_answer_alone_is_on_stdout() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::turns([vec![Step::Think("Hm.".into()), Step::words(20)]])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let output = finish(roost(&daemon, &["prompt", "Count", "to twenty"])?).await?;
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), words(20) + "\n"), "{}", text(&output.stderr));
    assert_eq!(model.requests()[0].user_text().lines().last(), Some("Count to twenty"));
    Ok(())
}

#[tokio::test]
async fn the_turns_events_are_printed_one_a_line_up_to_its_end() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::words(5)])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let output = finish(roost(&daemon, &["prompt", "--json", "go"])?).await?;
    let events = events(&output)?;
    assert_eq!(message_text(&events), words(5));
    assert_eq!(events.last().map(|event| &event.kind), Some(&EventType::TurnComplete));
    check_gap_free(&ids(&events))
}

#[tokio::test]
async fn a_dash_reads_the_prompt_from_stdin() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::words(1)])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let mut child = roost(&daemon, &["prompt", "-"])?.stdin(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("a pipe")?;
    stdin.write_all(b"from a\npipe").await?;
    drop(stdin);
    assert!(within("the answer", child.wait()).await??.success());
    assert!(model.requests()[0].user_text().contains("from a\npipe"));
    Ok(())
}

#[tokio::test]
async fn a_second_prompt_goes_on_in_the_session_of_the_first() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::words(2)])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let first = finish(roost(&daemon, &["prompt", "the first question"])?).await?;
    let session = named_session(&first)?;
    let second = finish(roost(&daemon, &["prompt", "--session", &session, "the second"])?).await?;
    assert_eq!((second.status.code(), text(&second.stdout)), (Some(0), words(2) + "\n"), "{}", text(&second.stderr));
    let requests = model.requests();
    let heard = requests.last().context("the model was asked")?.messages();
    assert!(json!(heard).to_string().contains("the first question"), "the model remembers");
    Ok(())
}

#[tokio::test]
async fn without_a_person_a_tool_is_refused_and_stderr_says_so() -> anyhow::Result<()> {
    let model = writing_model().await?;
    let daemon = Setup::new().model(&model).start().await?;
    let output = finish(roost(&daemon, &["prompt", "Write a note"])?).await?;
    assert!(!daemon.workspace().join("note.txt").exists());
    assert!(text(&output.stderr).contains("nobody is here to allow it"), "{}", text(&output.stderr));
    Ok(())
}

#[tokio::test]
async fn allow_once_lets_the_tool_run_and_allow_never_does_not() -> anyhow::Result<()> {
    for (allow, is_written) in [("never", false), ("once", true)] {
        let model = writing_model().await?;
        let daemon = Setup::new().model(&model).start().await?;
        let output = finish(roost(&daemon, &["prompt", "--allow", allow, "Write a note"])?).await?;
        assert_eq!(daemon.workspace().join("note.txt").exists(), is_written, "{allow}: {}", text(&output.stderr));
    }
    Ok(())
}

#[tokio::test]
async fn a_mode_that_asks_nothing_needs_no_permission() -> anyhow::Result<()> {
    let model = writing_model().await?;
    let daemon = Setup::new().model(&model).start().await?;
    let output = finish(roost(&daemon, &["prompt", "--mode", "yolo", "--json", "Write a note"])?).await?;
    assert!(daemon.workspace().join("note.txt").exists(), "{}", text(&output.stderr));
    assert!(events(&output)?.iter().all(|event| event.kind != EventType::PermissionRequest));
    Ok(())
}

#[tokio::test]
async fn a_person_at_the_terminal_is_asked() -> anyhow::Result<()> {
    let model = writing_model().await?;
    let daemon = Setup::new().model(&model).start().await?;
    let (mut keyboard, terminal) = terminal()?;
    let mut command = roost(&daemon, &["prompt", "Write a note"])?;
    command.stdin(terminal.try_clone()?).stderr(terminal);
    let child = command.spawn()?;
    drop(command);
    let mut screen = keyboard.try_clone()?;
    let typed = tokio::task::spawn_blocking(move || -> anyhow::Result<String> {
        let mut seen = String::new();
        let mut typed = false;
        let mut buffer = [0; 1024];
        // A terminal whose program has ended answers with an error.
        while let Ok(read @ 1..) = screen.read(&mut buffer) {
            seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
            if !typed && seen.contains("A number: ") {
                let option =
                    seen.lines().find_map(|line| line.trim().split_once("  ").filter(|(_, name)| *name == "Allow"));
                keyboard.write_all(format!("{}\n", option.context("an option")?.0).as_bytes())?;
                typed = true;
            }
        }
        Ok(seen)
    });
    let output = within("the answer", child.wait_with_output()).await??;
    let seen = within("the terminal", typed).await???;
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "So be it.\n"), "{seen}");
    assert_eq!(std::fs::read_to_string(daemon.workspace().join("note.txt"))?, "kept\n");
    Ok(())
}

/// A terminal: the side a person sits at, and the side a program is given.
fn terminal() -> anyhow::Result<(File, File)> {
    let person: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&person)?;
    unlockpt(&person)?;
    let name = ptsname(&person, Vec::new())?;
    let program = OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.as_bytes()))?;
    Ok((File::from(person), program))
}

#[tokio::test]
async fn a_turn_that_fails_is_a_command_that_fails() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::status(400)])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let output = finish(roost(&daemon, &["prompt", "go"])?).await?;
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    assert!(text(&output.stderr).contains("  ! "), "the reason is on stderr: {}", text(&output.stderr));
    Ok(())
}

#[tokio::test]
async fn an_interrupt_cancels_the_turn_and_not_the_daemon() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::text("begun"), Step::Hang])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let mut child = roost(&daemon, &["prompt", "--json", "go"])?.spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
    line_with(&mut lines, "begun").await?;
    signal(&child, Signal::INT)?;
    let last = rest(&mut lines).await?.pop().context("more events came")?;
    assert_eq!((&last["type"], &last["data"]["stopReason"]), (&json!("turn_complete"), &json!("cancelled")));
    assert_eq!(within("the command to end", child.wait()).await??.code(), Some(130));
    assert_eq!(daemon.client()?.get("/health").await?.status, 200);
    Ok(())
}

async fn line_with(lines: &mut Lines<BufReader<ChildStdout>>, words: &str) -> anyhow::Result<Vec<Value>> {
    let mut seen = Vec::new();
    loop {
        let line = within(words, lines.next_line()).await??.with_context(|| format!("{words} in {seen:?}"))?;
        seen.push(serde_json::from_str(&line)?);
        if line.contains(words) {
            return Ok(seen);
        }
    }
}

async fn rest(lines: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<Vec<Value>> {
    let mut seen = Vec::new();
    while let Some(line) = within("the rest of the output", lines.next_line()).await?? {
        seen.push(serde_json::from_str(&line)?);
    }
    Ok(seen)
}

// What goes wrong.

#[tokio::test]
async fn a_daemon_that_does_not_run_is_named_with_the_way_to_start_one() -> anyhow::Result<()> {
    let mut daemon = Setup::new().start().await?;
    daemon.stop().await?;
    let output = finish(roost(&daemon, &["sessions"])?).await?;
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains(&daemon.url()) && said.contains("roost serve"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_refused_token_is_told_with_the_place_it_came_from() -> anyhow::Result<()> {
    let daemon = Setup::new().auth(Auth::Generated).start().await?;
    let said = |output: &Output| (output.status.code(), text(&output.stderr));

    let mut kept = stranger(&daemon, &["sessions", "--json"])?;
    kept.env("QWEN_HOME", daemon.home());
    assert_eq!(finish(kept).await?.status.code(), Some(0), "the kept token is found");

    let (code, why) = said(&finish(stranger(&daemon, &["sessions"])?).await?);
    assert!(code == Some(4) && why.contains(".qwen/roost/token") && why.contains("QWEN_SERVER_TOKEN"), "{why}");

    let (code, why) = said(&finish(stranger(&daemon, &["sessions", "--token", "wrong"])?).await?);
    assert!(code == Some(4) && why.contains("--token"), "{why}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_spoken_or_not_there_is_said() -> anyhow::Result<()> {
    let daemon = Setup::new().start().await?;
    for (url, code, said) in [
        ("http://127.0.0.1:1", 3, "nothing listens there"),
        ("ftp://127.0.0.1", 1, "http or https"),
        ("127.0.0.1:4170", 1, "looks like http://127.0.0.1:4170"),
    ] {
        let output = finish(roost(&daemon, &["sessions", "--url", url])?).await?;
        let why = text(&output.stderr);
        assert!(output.status.code() == Some(code) && why.contains(said), "{url}: {why}");
    }
    let output = finish(roost(&daemon, &["attach", "no-such-session"])?).await?;
    let why = text(&output.stderr);
    assert!(output.status.code() == Some(5) && why.contains("`roost sessions` lists"), "{why}");
    let output = finish(roost(&daemon, &["prompt", " "])?).await?;
    assert!(output.status.code() == Some(1) && text(&output.stderr).contains("the prompt is empty"));
    Ok(())
}

// roost sessions, roost attach.

#[tokio::test]
async fn sessions_are_listed_for_people_and_for_programs() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::words(1)])).await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    client.turn(&session, "go").await?;
    client.patch(&format!("/session/{session}/metadata"), &json!({"displayName": "Eggs \u{9b}2J"})).await?;
    client.patch(&format!("/session/{session}/metadata"), &json!({"displayName": "Eggs"})).await?.ok()?;

    let listed: Value = serde_json::from_slice(&finish(roost(&daemon, &["sessions", "--json"])?).await?.stdout)?;
    assert_eq!((&listed[0]["sessionId"], &listed[0]["displayName"]), (&json!(session), &json!("Eggs")));
    assert!(listed[0]["workspaceCwd"].is_string(), "what the client does not know is there, too");
    let told = text(&finish(roost(&daemon, &["sessions"])?).await?.stdout);
    assert!(told.starts_with(&session) && told.contains("idle") && told.ends_with("Eggs\n"), "{told}");
    Ok(())
}

#[tokio::test]
async fn attaching_shows_the_past_the_present_and_what_comes_after_a_crash_of_the_daemon() -> anyhow::Result<()> {
    let model = FakeModel::start(Script::always(vec![Step::words(10)])).await?;
    let mut daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    client.turn(&session, "the past").await?;

    let mut child = roost(&daemon, &["attach", "--json", &session])?.spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
    line_with(&mut lines, "the past").await?;
    let present = client.prompt(&session, "the present").await?;
    let mut seen =
        line_with(&mut lines, &format!(r#""type":"turn_complete","promptId":"{}""#, present.prompt_id)).await?;

    daemon.kill()?;
    daemon.start_again().await?;
    let client = daemon.client()?;
    let revived = async || Ok((client.get(&format!("/session/{session}/status")).await?.status == 200).then_some(()));
    until("the command to bring the session back to life", revived).await?;
    let after = client.prompt(&session, "after the crash").await?;
    seen.extend(line_with(&mut lines, &format!(r#""type":"turn_complete","promptId":"{}""#, after.prompt_id)).await?);

    let seen: Vec<Envelope> = seen.into_iter().map(serde_json::from_value).collect::<Result<_, _>>()?;
    let live: Vec<u64> = ids(&seen).into_iter().filter(|id| *id > present.last_event_id).collect();
    check_gap_free(&live)?;
    assert_eq!(message_text(seen.iter().filter(|event| event.id > Some(present.last_event_id))), words(10).repeat(2));

    // Not INT, which whoever runs the tests in the background has them ignore.
    signal(&child, Signal::TERM)?;
    within("the command to end", child.wait()).await??;
    assert_eq!(client.get(&format!("/session/{session}/status")).await?.status, 200, "the session goes on");
    Ok(())
}

#[tokio::test]
async fn attaching_tells_a_session_as_a_story() -> anyhow::Result<()> {
    let model = writing_model().await?;
    let daemon = Setup::new().model(&model).start().await?;
    let client = daemon.client()?;
    let session = client.new_session().await?;
    let accepted = client.prompt(&session, "Write a note").await?;
    let mut stream = client.events(&session).from(accepted.cursor()).open().await?;
    let asked = stream.until_type(EventType::PermissionRequest).await?;
    let request = asked.last().and_then(|event| event.data["requestId"].as_str()).context("a request")?.to_owned();

    let child = roost(&daemon, &["attach", &session])?.spawn()?;
    let follows = async || {
        let status = client.get("/daemon/status?detail=full").await?.ok()?;
        Ok((status["full"]["sessions"][0]["subscriberCount"] == 2).then_some(()))
    };
    until("the command to follow the session, as we do", follows).await?;
    client.allow(&session, &request, "proceed_once").await?.ok()?;
    stream.until_end_of(&accepted.prompt_id).await?;
    client.delete(&format!("/session/{session}")).await?;

    let output = within("the command to end with the session", child.wait_with_output()).await??;
    let story = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let parts =
        ["> Write a note\n", "  ? waits for an answer in the page: ", "  ✓ ", "So be it.\n", "the session was closed"];
    let places: Vec<Option<usize>> = parts.iter().map(|part| story.find(part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {story}");
    Ok(())
}
