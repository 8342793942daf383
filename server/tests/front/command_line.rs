use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

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
        (["--allow-origin", "https://app.example/path"], "is no origin"),
        (["--hostname", "no-such-host.invalid"], "no-such-host.invalid"),
        (["--token", "two words"], "--token holds characters"),
        (["--agent", "unfinished 'quote"], "--agent is not a command"),
        (["--max-subscribers", "0"], "--max-subscribers"),
        (["--trust-loopback", "--port=0"], "--no-auth"),
    ] {
        let text = refused(&args);
        assert!(text.contains(said), "{args:?} said {text}");
    }
}

#[test]
fn a_daemon_greets_serves_and_stops_when_asked_to() {
    let home = scratch();
    let child = roost(home.path()).args(["serve", "--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut daemon = Daemon(child.expect("it runs"));
    let mut lines = BufReader::new(daemon.0.stdout.take().expect("piped")).lines();
    let mut greeting = String::new();
    for line in lines.by_ref() {
        let line = line.expect("text");
        greeting.push_str(&line);
        greeting.push('\n');
        if line.contains("Ctrl-C") {
            break;
        }
    }
    assert!(greeting.contains("#code=") && greeting.contains("offline demo model"), "{greeting}");
    let token = std::fs::read_to_string(home.path().join(".qwen/roost/token")).expect("a token was made");
    assert!(!greeting.contains(token.trim()), "the token is never printed");

    let pid = daemon.0.id();
    let signal = |name: &str| Command::new("kill").args([name, &pid.to_string()]).status().expect("kill runs");
    assert!(signal("-USR1").success());
    let another =
        lines.by_ref().map(|line| line.expect("text")).find(|line| line.contains("#code=")).expect("another link");
    assert!(!greeting.contains(another.split_once("#code=").expect("a code").1));

    assert!(signal("-TERM").success());
    let status = daemon.0.wait().expect("it ends");
    assert!(status.success(), "{status}");
    let mut errors = String::new();
    daemon.0.stderr.take().expect("piped").read_to_string(&mut errors).expect("text");
    assert!(errors.is_empty(), "{errors}");
}
