use std::{
    io::{BufRead, BufReader, Lines, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

fn roost(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roost"));
    command.env_clear().env("HOME", home).env("QWEN_HOME", home.join(".qwen")).current_dir(home);
    command
}

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a scratch home")
}

fn refused(args: &[&str]) -> String {
    let home = scratch();
    let Output { status, stdout, stderr } = roost(home.path()).arg("serve").args(args).output().expect("it runs");
    assert!(!status.success(), "{args:?}");
    assert!(stdout.is_empty(), "{args:?}");
    String::from_utf8(stderr).expect("text")
}

/// A daemon that is killed when the test ends, whatever way it ends.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn help_names_what_each_command_does() {
    let home = scratch();
    let output = roost(home.path()).arg("--help").output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    for word in ["serve", "agent", "Run the daemon", "ACP"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let version = roost(home.path()).arg("--version").output().expect("it runs").stdout;
    assert_eq!(String::from_utf8(version).expect("text"), format!("roost {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_cannot_be_served_is_said_in_one_sentence() {
    for (args, said) in [
        (["--workspace", "/nowhere/at/all"], "workspace /nowhere/at/all cannot be used"),
        (["--allow-origin", "https://app.example/path"], "is not an origin"),
        (["--hostname", "no-such-host.invalid"], "no-such-host.invalid"),
        (["--token", "two words"], "--token holds characters"),
        (["--no-auth", "--token=secret"], "--no-auth contradicts --token"),
        (["--agent", "unfinished 'quote"], "--agent is not a command"),
        (["--max-subscribers", "0"], "--max-subscribers"),
        (["--trust-loopback", "--port=0"], "--no-auth"),
    ] {
        let text = refused(&args);
        assert!(text.contains(said), "{args:?} said {text}");
    }
}

impl Daemon {
    /// Starts one on a free port; what it said, and its further lines.
    fn start(command: &mut Command) -> (Self, String, Lines<BufReader<ChildStdout>>) {
        let child = command.args(["serve", "--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut daemon = Self(child.expect("it runs"));
        let mut lines = BufReader::new(daemon.0.stdout.take().expect("piped")).lines();
        let mut greeting = String::new();
        while !greeting.contains("Ctrl-C") {
            greeting.push_str(&lines.next().expect("it goes on to say how to stop").expect("text"));
            greeting.push('\n');
        }
        (daemon, greeting, lines)
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.0.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Asks it to stop; what it wrote to stderr.
    fn stop(mut self) -> String {
        self.signal("-TERM");
        let status = self.0.wait().expect("it ends");
        assert!(status.success(), "{status}");
        let mut errors = String::new();
        self.0.stderr.take().expect("piped").read_to_string(&mut errors).expect("text");
        errors
    }
}

#[test]
fn a_daemon_greets_serves_and_stops_when_asked_to() {
    let home = scratch();
    let (daemon, greeting, mut lines) = Daemon::start(&mut roost(home.path()));
    assert!(greeting.contains("#code=") && greeting.contains("offline demo model"), "{greeting}");
    let token = std::fs::read_to_string(home.path().join(".qwen/roost/token")).expect("a token was made");
    assert!(!greeting.contains(token.trim()), "the token is never printed");

    daemon.signal("-USR1");
    let another =
        lines.by_ref().map(|line| line.expect("text")).find(|line| line.contains("#code=")).expect("another link");
    assert!(!greeting.contains(another.split_once("#code=").expect("a code").1));
    assert_eq!(daemon.stop(), "");
}

#[test]
fn the_log_has_a_line_for_each_request_and_no_secret() {
    let home = scratch();
    let mut command = roost(home.path());
    command.env("ROOST_LOG", "info").env("QWEN_SERVER_TOKEN", "canary-server-token");
    let (daemon, greeting, _lines) = Daemon::start(&mut command);
    assert!(!greeting.contains("canary-server-token"));
    let address = greeting.split_once("listening on ").and_then(|(_, rest)| rest.lines().next()).expect("an address");
    for (target, token) in
        [("/capabilities?token=canary-query", "canary-server-token"), ("/session/s/nothing", "canary-wrong")]
    {
        let mut stream = TcpStream::connect(address).expect("it listens");
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             X-Qwen-Client-Id: client_1\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        stream.read_to_end(&mut Vec::new()).expect("it answers");
    }
    let log = daemon.stop();
    assert!(!log.contains("canary"), "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let requests: Vec<&Value> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 2, "{log}");
    assert_eq!((&requests[0]["route"], &requests[0]["status"]), (&"/capabilities".into(), &200.into()));
    assert_eq!((&requests[1]["method"], &requests[1]["status"]), (&"GET".into(), &401.into()));
    assert_eq!(requests[0]["client"], "client_1");
    assert!(requests[0]["duration_ms"].is_number());
}

#[test]
fn timeouts_may_stand_in_the_environment() {
    let home = scratch();
    let mut command = roost(home.path());
    command.env("QWEN_SERVER_TOKEN", "a-token").env("QWEN_SERVE_PROMPT_DEADLINE_MS", "12345");
    let (daemon, greeting, _lines) = Daemon::start(command.env("QWEN_SERVE_WRITER_IDLE_TIMEOUT_MS", "54321"));
    let address = greeting.split_once("listening on ").and_then(|(_, rest)| rest.lines().next()).expect("an address");
    let mut stream = TcpStream::connect(address).expect("the daemon accepts");
    let head = [
        "GET /daemon/status HTTP/1.1",
        &format!("Host: {address}"),
        "Authorization: Bearer a-token",
        "Connection: close",
    ];
    stream.write_all(format!("{}\r\n\r\n", head.join("\r\n")).as_bytes()).expect("the daemon reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("\"promptDeadlineMs\":12345"), "{answer}");
    assert!(answer.contains("\"writerIdleTimeoutMs\":54321"), "{answer}");
    daemon.stop();
}
