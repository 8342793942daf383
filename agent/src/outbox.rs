//! The agent's way out: lines for the client, written in the order they are given.
//!
//! A line is written at once where the pipe has room, so an update is with the client before whoever made it does anything else. What the
//! pipe does not take waits, and a task of its own writes it.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    net::unix::pipe,
    sync::Notify,
};

/// Most bytes that wait; a sender with more waits too.
const MAX_WAITING_BYTES: usize = 256 * 1024;

/// Where lines go.
pub(crate) enum Output {
    /// Driven by the event loop. It is written to at once when it has room.
    Pipe(pipe::Sender),
    /// Anything else. Only the task writes to it.
    Stream(Pin<Box<dyn AsyncWrite + Send>>),
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Outbox {
    pipe: Option<Arc<pipe::Sender>>,
    backlog: Mutex<Backlog>,
    /// Rung after a line had to wait, and after the last line.
    filled: Notify,
    /// Rung after something that waited was written, and when nothing will be any more.
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Backlog {
    waiting: BytesMut,
    /// The task writes bytes that are no longer among those that wait.
    is_writing: bool,
    way: Way,
}

/// Whether lines get through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Open,
    /// It takes no more lines; those that wait are still written.
    Closed,
    /// The client is gone.
    Broken,
}

impl Outbox {
    /// The outbox, and the task that writes what waits; the task ends after [`Outbox::close`], or with the client.
    pub(crate) fn open(output: Output) -> (Arc<Self>, Pin<Box<dyn Future<Output = ()> + Send>>) {
        let outbox = |pipe| {
            let (backlog, filled, emptied) = (Mutex::default(), Notify::new(), Notify::new());
            Arc::new(Self { pipe, backlog, filled, emptied })
        };
        match output {
            Output::Pipe(pipe) => {
                let pipe = Arc::new(pipe);
                let outbox = outbox(Some(Arc::clone(&pipe)));
                (Arc::clone(&outbox), Box::pin(async move { outbox.drain_into_pipe(&pipe).await }))
            }
            Output::Stream(stream) => {
                let outbox = outbox(None);
                (Arc::clone(&outbox), Box::pin(async move { outbox.drain_into(stream).await }))
            }
        }
    }

    /// Writes a line, which ends in a newline, or leaves it with those that wait.
    ///
    /// # Errors
    /// The client is gone.
    pub(crate) fn send(&self, line: &[u8]) -> io::Result<()> {
        let mut backlog = self.lock();
        if backlog.way != Way::Open {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut written = 0;
        if let Some(pipe) = self.pipe.as_ref().filter(|_| backlog.waiting.is_empty()) {
            match pipe.try_write(line) {
                Ok(bytes) => written = bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    self.give_up(&mut backlog);
                    return Err(error);
                }
            }
        }
        if written < line.len() {
            backlog.waiting.extend_from_slice(&line[written..]);
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits until there is room. For a client that is gone there always is.
    pub(crate) async fn room(&self) {
        self.reach(|backlog| backlog.waiting.len() < MAX_WAITING_BYTES).await;
    }

    /// Waits until everything is written, or never will be.
    pub(crate) async fn drained(&self) {
        self.reach(|backlog| backlog.waiting.is_empty() && !backlog.is_writing).await;
    }

    /// Takes no more lines; those that wait are still written.
    pub(crate) fn close(&self) {
        let mut backlog = self.lock();
        if backlog.way == Way::Open {
            backlog.way = Way::Closed;
        }
        drop(backlog);
        self.filled.notify_one();
        self.emptied.notify_waiters();
    }

    async fn reach(&self, is_there: impl Fn(&Backlog) -> bool) {
        loop {
            // Made before looking, so that nothing written in between is missed.
            let emptied = self.emptied.notified();
            {
                let backlog = self.lock();
                if backlog.way == Way::Broken || is_there(&backlog) {
                    return;
                }
            }
            emptied.await;
        }
    }

    async fn drain_into_pipe(&self, pipe: &pipe::Sender) {
        while self.filled().await {
            let writable = pipe.writable().await;
            let mut backlog = self.lock();
            match writable.and_then(|()| pipe.try_write(&backlog.waiting)) {
                Ok(bytes) => {
                    backlog.waiting.advance(bytes);
                    self.emptied.notify_waiters();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return self.give_up(&mut backlog),
            }
        }
    }

    async fn drain_into(&self, mut stream: Pin<Box<dyn AsyncWrite + Send>>) {
        while self.filled().await {
            let bytes = {
                let mut backlog = self.lock();
                backlog.is_writing = true;
                backlog.waiting.split()
            };
            let written = stream.write_all(&bytes).await;
            let written = if written.is_ok() { stream.flush().await } else { written };
            let mut backlog = self.lock();
            backlog.is_writing = false;
            if written.is_err() {
                return self.give_up(&mut backlog);
            }
            self.emptied.notify_waiters();
        }
    }

    /// Waits for something to write. False when there will be nothing.
    async fn filled(&self) -> bool {
        loop {
            {
                let backlog = self.lock();
                // What is broken has nothing that waits.
                if !backlog.waiting.is_empty() {
                    return true;
                }
                if backlog.way != Way::Open {
                    return false;
                }
            }
            self.filled.notified().await;
        }
    }

    fn give_up(&self, backlog: &mut Backlog) {
        backlog.way = Way::Broken;
        backlog.waiting.clear();
        self.filled.notify_one();
        self.emptied.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn lines_come_out_whole_and_in_order_however_slowly_they_are_read() {
        let (sender, mut receiver) = pipe::pipe().expect("a pipe");
        let (outbox, task) = Outbox::open(Output::Pipe(sender));
        let task = tokio::spawn(task);
        let writing = tokio::spawn(async move {
            for number in 0..20_000 {
                outbox.room().await;
                outbox
                    .send(format!("{{\"number\":{number},\"filler\":\"{}\"}}\n", "x".repeat(50)).as_bytes())
                    .expect("sent");
            }
            outbox.close();
            outbox.drained().await;
        });
        let mut text = String::new();
        receiver.read_to_string(&mut text).await.expect("it is read to its end");
        writing.await.expect("it is written to its end");
        task.await.expect("the task ends");
        for (number, line) in text.lines().enumerate() {
            assert!(line.starts_with(&format!("{{\"number\":{number},")), "line {number} is {line}");
        }
        assert_eq!(text.lines().count(), 20_000);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_client_that_is_gone() {
        let (sender, receiver) = pipe::pipe().expect("a pipe");
        let (outbox, task) = Outbox::open(Output::Pipe(sender));
        let task = tokio::spawn(task);
        while outbox.send(&[b'x'; 4096]).is_ok() && outbox.lock().waiting.len() < MAX_WAITING_BYTES {}
        drop(receiver);
        outbox.room().await;
        outbox.drained().await;
        assert!(outbox.send(b"more\n").is_err());
        task.await.expect("the task ends");
    }

    #[tokio::test]
    async fn a_client_that_is_found_gone_by_a_line_ends_the_task() {
        let (sender, receiver) = pipe::pipe().expect("a pipe");
        // The event loop knows of the room, so that the line is tried at once.
        sender.writable().await.expect("room");
        let (outbox, task) = Outbox::open(Output::Pipe(sender));
        let task = tokio::spawn(task);
        drop(receiver);
        assert!(outbox.send(b"a line\n").is_err());
        task.await.expect("the task ends");
    }

    #[tokio::test]
    async fn a_stream_that_is_no_pipe_gets_the_same_lines() {
        let (near, mut far) = tokio::io::duplex(16);
        let (outbox, task) = Outbox::open(Output::Stream(Box::pin(near)));
        let task = tokio::spawn(task);
        for number in 0..10 {
            outbox.send(format!("line {number}\n").as_bytes()).expect("sent");
        }
        outbox.close();
        let mut text = String::new();
        far.read_to_string(&mut text).await.expect("it is read to its end");
        assert_eq!(text.lines().count(), 10);
        task.await.expect("the task ends");
    }
}
