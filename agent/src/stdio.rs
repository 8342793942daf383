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
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::unix::pipe,
};

use crate::client::Credit;

/// Longest line taken from the client. Pictures arrive inside their prompt.
const MAX_LINE_BYTES: usize = 64 << 20;

type Input = Pin<Box<dyn AsyncRead + Send>>;
type Output = Pin<Box<dyn AsyncWrite + Send>>;

/// This process's stdin and stdout. Pipes are driven by the event loop; anything else by helper threads.
pub(crate) fn open() -> io::Result<(Input, Output)> {
    let input: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    let output: OwnedFd = io::stdout().as_fd().try_clone_to_owned()?;
    let input: Input = match pipe::Receiver::from_owned_fd(input) {
        Ok(pipe) => Box::pin(pipe),
        Err(_) => Box::pin(tokio::io::stdin()),
    };
    let output: Output = match pipe::Sender::from_owned_fd(output) {
        Ok(pipe) => Box::pin(pipe),
        Err(_) => Box::pin(tokio::io::stdout()),
    };
    Ok((input, output))
}

/// Joins the two streams into a transport. A line that is no UTF-8 or too long is answered as malformed, not fatal.
pub(crate) fn transport<R: Role>(
    input: impl AsyncRead + Send + 'static,
    output: impl AsyncWrite + Send + 'static,
    credit: Arc<Credit>,
) -> impl ConnectTo<R> {
    let (input, output): (Input, Output) = (Box::pin(input), Box::pin(output));
    let incoming = stream::unfold(Incoming { input, lines: acp::Lines::new(MAX_LINE_BYTES) }, |mut incoming| async {
        incoming.next().await.map(|line| (line, incoming))
    });
    let outgoing = sink::unfold((output, credit), |(mut output, credit), mut line: String| async move {
        line.push('\n');
        let written = output.write_all(line.as_bytes()).await;
        let written = match written {
            Ok(()) => output.flush().await,
            Err(error) => Err(error),
        };
        // Whoever waits for room must not wait for a client that is gone.
        if written.is_err() {
            credit.close();
        }
        written?;
        credit.written(&line);
        Ok::<_, io::Error>((output, credit))
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
