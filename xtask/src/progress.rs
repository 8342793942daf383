//! Long commands, told calmly: what is being done, for how long, and their own words only when they fail.

use std::{
    error::Error,
    fmt,
    io::{BufRead, BufReader, IsTerminal, Read, Write, stderr},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

/// How often a terminal's line is redrawn, and how often a log gets a sign of life.
const REDRAW: Duration = Duration::from_millis(500);
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// A command that ended badly. What it printed has been shown already.
#[derive(Debug)]
pub(crate) struct Failed {
    message: String,
    pub(crate) output: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failed {}

/// Says that something is as it should be.
pub(crate) fn fine(what: &str) {
    eprintln!("  ✓ {what}");
}

/// Runs a command to its end. Its output is shown only when it fails.
pub(crate) fn run(what: &str, command: &mut Command) -> anyhow::Result<()> {
    let started = Instant::now();
    let output = Mutex::new(String::new());
    let live = stderr().is_terminal();
    if !live {
        eprintln!("  · {what} …");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let (stdout, errors) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let (done, ended) = mpsc::channel::<()>();
        for pipe in [stdout.map(boxed), errors.map(boxed)].into_iter().flatten() {
            let (output, done) = (&output, done.clone());
            scope.spawn(move || {
                collect(pipe, output);
                drop(done);
            });
        }
        drop(done);
        let beat = if live { REDRAW } else { SIGN_OF_LIFE };
        // Both readers drop their end when the command is over; nothing is ever sent.
        while ended.recv_timeout(beat) == Err(mpsc::RecvTimeoutError::Timeout) {
            tell(live, what, started.elapsed(), &output);
        }
    });
    let status = child.wait()?;
    if live {
        clear_line();
    }
    if !status.success() {
        let output = output.into_inner().unwrap_or_else(PoisonError::into_inner);
        eprint!("{output}");
        let message = format!("{what}: {} ended with {status}", command.get_program().display());
        return Err(Failed { message, output }.into());
    }
    eprintln!("  ✓ {what}, {}", clock(started.elapsed()));
    Ok(())
}

/// Runs a command that speaks for itself: its output goes where ours goes.
pub(crate) fn run_aloud(what: &str, command: &mut Command) -> anyhow::Result<()> {
    let started = Instant::now();
    eprintln!("  · {what} …");
    let status = command.status().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{what}: {} ended with {status}", command.get_program().display());
    }
    eprintln!("  ✓ {what}, {}", clock(started.elapsed()));
    Ok(())
}

/// "4.2 s", "1 min 05 s".
pub(crate) fn clock(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0..10 => format!("{:.1} s", elapsed.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

fn boxed(pipe: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(pipe)
}

fn collect(pipe: Box<dyn Read + Send>, output: &Mutex<String>) {
    let mut lines = BufReader::new(pipe);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        output.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
}

fn tell(live: bool, what: &str, elapsed: Duration, output: &Mutex<String>) {
    let output = output.lock().unwrap_or_else(PoisonError::into_inner);
    let latest = output.lines().next_back().unwrap_or_default().trim();
    let latest: String = latest.chars().filter(|c| !c.is_control()).take(60).collect();
    if live {
        clear_line();
        eprint!("  · {what} … {} {latest}", clock(elapsed));
        // Only a picture of progress is lost when this fails.
        let _ = stderr().flush();
    } else {
        eprintln!("    {} {latest}", clock(elapsed));
    }
}

fn clear_line() {
    eprint!("\r\x1b[2K");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_as_precisely_as_one_cares() {
        assert_eq!(clock(Duration::from_millis(4_230)), "4.2 s");
        assert_eq!(clock(Duration::from_secs(42)), "42 s");
        assert_eq!(clock(Duration::from_secs(65)), "1 min 05 s");
    }
}
