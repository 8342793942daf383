//! The transport: lines of JSON over this process's stdin and stdout, or any other pair of byte streams.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    pin::Pin,
    sync::Arc,
};

use agent_client_protocol::{ConnectTo, Lines, Role};
use bytes::Bytes;
use futures_util::{sink, stream};
use roost_core::acp;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::unix::pipe,
};

use crate::outbox::{Outbox, Output};

/// Longest line taken from the client. Pictures arrive inside their prompt.
const MAX_LINE_BYTES: usize = 64 << 20;
/// What is read at a time; the pipe itself holds as much.
const READ_BYTES: usize = 64 * 1024;

type Input = Pin<Box<dyn AsyncRead + Send>>;

/// This process's stdin and stdout. Pipes are driven by the event loop; anything else by helper threads.
pub(crate) fn open() -> io::Result<(Input, Output)> {
    let input: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    let output: OwnedFd = io::stdout().as_fd().try_clone_to_owned()?;
    let input: Input = match pipe::Receiver::from_owned_fd(input) {
        Ok(pipe) => Box::pin(pipe),
        Err(_) => Box::pin(tokio::io::stdin()),
    };
    let output = match pipe::Sender::from_owned_fd(output) {
        Ok(pipe) => Output::Pipe(pipe),
        Err(_) => Output::Stream(Box::pin(tokio::io::stdout())),
    };
    Ok((input, output))
}

/// Joins the way in and the way out into a transport. A line that is not UTF-8 or too long is answered as malformed; the connection stays.
pub(crate) fn transport<R: Role>(input: impl AsyncRead + Send + 'static, outbox: Arc<Outbox>) -> impl ConnectTo<R> {
    let input: Input = Box::pin(input);
    let incoming = stream::unfold(Incoming { input, lines: acp::Lines::new(MAX_LINE_BYTES) }, |mut incoming| async {
        incoming.next().await.map(|line| (line, incoming))
    });
    let outgoing = sink::unfold(outbox, |outbox, mut line: String| async move {
        line.push('\n');
        outbox.room().await;
        outbox.send(line.as_bytes())?;
        Ok::<_, io::Error>(outbox)
    });
    Lines::new(outgoing, incoming)
}

struct Incoming {
    input: Input,
    lines: acp::Lines,
}

impl Incoming {
    async fn next(&mut self) -> Option<io::Result<String>> {
        loop {
            match self.lines.next_line() {
                Ok(Some(line)) => return Some(Ok(text(&line))),
                // Not JSON, so the SDK answers with a parse error.
                Err(too_long) => return Some(Ok(too_long.to_string())),
                Ok(None) => {}
            }
            self.lines.buffer().reserve(READ_BYTES);
            match self.input.read_buf(self.lines.buffer()).await {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn text(line: &Bytes) -> String {
    String::from_utf8_lossy(line).into_owned()
}
