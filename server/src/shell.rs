//! A user's command line: run by a shell in a process group of its own, heard while it speaks, ended as one.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use encoding_rs::{Decoder, UTF_8};
use roost_core::session::{ShellEnd, ShellNews};
use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver, process::Command, sync::mpsc};

use crate::child::{Exit, Process};

/// What is kept of an output, in bytes of UTF-8. The rest is read and dropped, and that is said once.
const MAX_OUTPUT_BYTES: usize = 1024 * 1024;

/// What is read at a time, in bytes; the pipe itself holds as much.
const READ_BYTES: usize = 64 * 1024;
/// What processes get to end by themselves once they are asked to.
const GRACE: Duration = Duration::from_millis(500);
/// What is left in the pipe of a shell that has ended is read for so long.
const LAST_WORDS: Duration = Duration::from_millis(500);

const TRUNCATED: &str = "\n… (the rest of the output is left out)\n";

/// A command line that has not been started.
#[derive(Debug)]
pub(crate) struct Line {
    command: String,
    cwd: PathBuf,
    patience: Duration,
}

/// What a command line has said so far.
struct Output {
    decoder: Decoder,
    kept: String,
    is_full: bool,
}

impl Line {
    pub(crate) fn new(command: &str, cwd: &Path, patience: Duration) -> Self {
        Self { command: command.to_owned(), cwd: cwd.to_owned(), patience }
    }

    /// Runs it to its end, its deadline, or until `ended` resolves or nobody listens, whichever is first. Nothing it started is left
    /// running. The end is told last, and once.
    pub(crate) async fn run(self, ended: impl Future<Output = ()> + Send, news: mpsc::Sender<ShellNews>) {
        let last = match self.spawn().await {
            Ok((process, output)) => ShellNews::Ended(self.attend(process, output, ended, &news).await),
            Err(error) => ShellNews::Failed(error.to_string().into()),
        };
        // A session that is over has no use for it.
        let _ = news.send(last).await;
    }

    /// Output and errors come through one pipe, in the order they were written. Input is empty.
    async fn spawn(&self) -> io::Result<(Process, Receiver)> {
        let (reader, writer) = io::pipe()?;
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(&self.command).current_dir(&self.cwd);
        shell.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let process = Process::lead(shell).await?;
        Ok((process, Receiver::from_owned_fd(reader.into())?))
    }

    async fn attend(
        &self,
        mut process: Process,
        mut pipe: Receiver,
        ended: impl Future<Output = ()> + Send,
        news: &mpsc::Sender<ShellNews>,
    ) -> ShellEnd {
        let mut output =
            Output { decoder: UTF_8.new_decoder_without_bom_handling(), kept: String::new(), is_full: false };
        let (exit, aborted) = {
            let (deadline, hearing) = (tokio::time::sleep(self.patience), output.hear(&mut pipe, news));
            tokio::pin!(ended, deadline, hearing);
            let mut is_heard_out = false;
            let exit = loop {
                tokio::select! {
                    exit = process.ended() => break Some(exit),
                    () = &mut ended => break None,
                    () = &mut deadline => break None,
                    () = &mut hearing, if !is_heard_out => is_heard_out = true,
                }
            };
            let aborted = exit.is_none();
            let exit = match exit {
                Some(exit) => exit,
                None => process.end(GRACE).await,
            };
            if !is_heard_out {
                // Whoever left the group may hold the pipe open for ever.
                let _ = tokio::time::timeout(LAST_WORDS, &mut hearing).await;
            }
            (exit, aborted)
        };
        let Exit { code, signal } = exit;
        let exit_code = code.filter(|_| !aborted);
        ShellEnd { exit_code, signal: signal.map(Into::into), aborted, output: output.kept.into() }
    }
}

impl Output {
    /// Reads until the pipe is closed by everyone who can write to it, or nobody listens.
    async fn hear(&mut self, pipe: &mut Receiver, news: &mpsc::Sender<ShellNews>) {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let read = pipe.read(&mut buffer).await.unwrap_or(0);
            let told = self.take(&buffer[..read], read == 0);
            if !told.is_empty() && news.send(ShellNews::Output(told.into())).await.is_err() || read == 0 {
                return;
            }
        }
    }

    /// What is new to tell. A character that is cut in two waits for its other half.
    fn take(&mut self, bytes: &[u8], is_last: bool) -> String {
        let most = self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len());
        let mut text = String::with_capacity(most);
        let _ = self.decoder.decode_to_string(bytes, &mut text, is_last);
        if self.is_full {
            return String::new();
        }
        let room = MAX_OUTPUT_BYTES - self.kept.len();
        if text.len() > room {
            text.truncate(text.floor_char_boundary(room));
            text.push_str(TRUNCATED);
            self.is_full = true;
        }
        self.kept.push_str(&text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything a command line tells, to its end.
    async fn run(command: &str, patience: Duration) -> (String, ShellEnd) {
        let folder = tempfile::tempdir().expect("a folder");
        let (news, mut heard) = mpsc::channel(4);
        let running = Line::new(command, folder.path(), patience).run(std::future::pending(), news);
        let hearing = async {
            let mut told = String::new();
            loop {
                match heard.recv().await.expect("the end is told") {
                    ShellNews::Output(text) => told.push_str(&text),
                    ShellNews::Ended(end) => return (told, end),
                    ShellNews::Failed(why) => panic!("{why}"),
                }
            }
        };
        tokio::join!(running, hearing).1
    }

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn output_and_errors_come_in_the_order_they_were_written() {
        let (told, end) = run("echo one; echo two >&2; echo drei é; exit 3", LONG).await;
        assert_eq!(told, "one\ntwo\ndrei é\n");
        assert_eq!(end, ShellEnd { exit_code: Some(3), signal: None, aborted: false, output: told.into() });
    }

    #[tokio::test]
    async fn a_deadline_ends_the_command_and_everything_it_started() {
        let (told, end) = run("sleep 600 & echo $!; wait", Duration::from_secs(3)).await;
        assert_eq!((end.aborted, end.exit_code), (true, None));
        let sleeper: i32 = told.trim().parse().expect("a process id");
        let gone = || !Path::new(&format!("/proc/{sleeper}")).exists() || is_zombie(sleeper);
        roost_tests::deadline::until_true("the sleeper to be gone", gone).await.expect("it ends");
    }

    fn is_zombie(pid: i32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }

    #[tokio::test]
    async fn what_is_too_much_is_left_out_and_the_command_runs_on() {
        let (told, end) = run("head -c 3000000 /dev/zero | tr '\\0' x; exit 4", LONG).await;
        assert_eq!(told.len(), MAX_OUTPUT_BYTES + TRUNCATED.len());
        assert!(told.ends_with(TRUNCATED));
        assert_eq!(end.exit_code, Some(4));
    }

    #[test]
    fn a_character_cut_in_two_is_told_whole() {
        let mut output =
            Output { decoder: UTF_8.new_decoder_without_bom_handling(), kept: String::new(), is_full: false };
        let bytes = "aé€".as_bytes();
        let told: String = bytes.iter().map(|byte| output.take(&[*byte], false)).collect();
        assert_eq!((told.as_str(), output.kept.as_str()), ("aé€", "aé€"));
        assert_eq!(output.take(&[0xe2, 0x82], true), "\u{fffd}");
    }
}
