//! What an agent has said to one session and the session has not heard yet.
//!
//! All sessions of an agent share one pipe. A session that reads slowly, because a client of its own does, may leave a good deal lying here
//! before the pipe is not read any further. It is told as long as that is so: others wait for it.

use std::{pin::pin, sync::Arc};

use futures_util::future::poll_immediate;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::{FromAgent, line::Line};

/// What may lie unread, in units of [`UNIT_BYTES`]; a single batch may be larger.
const ROOM: u32 = 4 * 1024;
const UNIT_BYTES: usize = 1024;
/// Batches that may lie unread, however small.
const MAX_BATCHES: usize = 4 * 1024;

/// The session's end. When it is dropped, what the agent has asked is refused, and an agent that has opened the session is told that it is
/// over.
#[derive(Debug)]
pub struct Mailbox {
    parcels: mpsc::Receiver<Parcel>,
    /// Batches that find no room.
    crowd: watch::Receiver<usize>,
    place: Option<Place>,
}

/// Where a mailbox stands.
#[derive(Debug)]
struct Place {
    line: Line,
    session: Box<str>,
    /// The agent has opened the session.
    is_open: bool,
}

/// The agent's end. Clones put into the same mailbox.
#[derive(Clone, Debug)]
pub(super) struct MailboxSender {
    parcels: mpsc::Sender<Parcel>,
    room: Arc<Semaphore>,
    crowd: Arc<watch::Sender<usize>>,
}

#[derive(Debug)]
struct Parcel {
    batch: Vec<FromAgent>,
    /// Given back when the batch is taken.
    _room: Option<OwnedSemaphorePermit>,
}

/// An empty mailbox that stands nowhere yet.
pub(super) fn mailbox() -> (MailboxSender, Mailbox) {
    let (parcels, taken) = mpsc::channel(MAX_BATCHES);
    let (crowd, crowded) = watch::channel(0);
    let sender = MailboxSender { parcels, room: Arc::new(Semaphore::new(ROOM as usize)), crowd: Arc::new(crowd) };
    (sender, Mailbox { parcels: taken, crowd: crowded, place: None })
}

impl MailboxSender {
    /// Puts a batch in, once there is room for it.
    ///
    /// # Errors
    /// The session is over; here is the batch.
    pub(super) async fn send(&self, batch: Vec<FromAgent>) -> Result<(), Vec<FromAgent>> {
        let mut sending = pin!(self.send_in_time(batch));
        match poll_immediate(&mut sending).await {
            Some(sent) => sent,
            None => {
                let _waiting = Waiting::on(&self.crowd);
                sending.await
            }
        }
    }

    async fn send_in_time(&self, batch: Vec<FromAgent>) -> Result<(), Vec<FromAgent>> {
        let bytes: usize = batch.iter().map(FromAgent::bytes).sum();
        let wanted = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(ROOM).min(ROOM);
        let room = tokio::select! {
            room = Arc::clone(&self.room).acquire_many_owned(wanted) => room.ok(),
            () = self.parcels.closed() => return Err(batch),
        };
        self.parcels.send(Parcel { batch, _room: room }).await.map_err(|unsent| unsent.0.batch)
    }

    /// Puts the first batch into a mailbox that nobody has seen yet.
    pub(super) fn begin_with(&self, batch: Vec<FromAgent>) {
        let _ = self.parcels.try_send(Parcel { batch, _room: None });
    }

    /// Whether the session is over.
    pub(super) fn is_closed(&self) -> bool {
        self.parcels.is_closed()
    }
}

/// Somebody who waits for room, for as long as it is kept.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn on(crowd: &'a watch::Sender<usize>) -> Self {
        crowd.send_modify(|waiting| *waiting += 1);
        Self(crowd)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

impl Mailbox {
    /// The next batch, which is not empty; waits for it. None once nobody can put anything in any more.
    pub async fn recv(&mut self) -> Option<Vec<FromAgent>> {
        self.parcels.recv().await.map(|parcel| parcel.batch)
    }

    /// The next batch, if there is one.
    pub fn try_recv(&mut self) -> Option<Vec<FromAgent>> {
        self.parcels.try_recv().ok().map(|parcel| parcel.batch)
    }

    /// Returns when the agent is not read any further because something does not fit in here.
    pub async fn crowded(&mut self) {
        if self.crowd.wait_for(|waiting| *waiting > 0).await.is_err() {
            // Nobody can put anything in any more.
            std::future::pending::<()>().await;
        }
    }

    /// It stands there under this name from now on.
    pub(super) fn stand(&mut self, line: Line, session: &str) {
        self.place = Some(Place { line, session: session.into(), is_open: false });
    }

    /// The agent has opened the session.
    pub fn opened(&mut self) {
        self.place.iter_mut().for_each(|place| place.is_open = true);
    }

    /// Tells the agent that the session is over, and gives it a moment to let go of it.
    pub async fn leave(mut self) {
        if let Some(place) = self.take_down() {
            place.line.close(&place.session).await;
        }
    }

    /// Takes the mailbox off its place, and refuses what the agent asks in it. Returns the place if the agent has yet to be told.
    fn take_down(&mut self) -> Option<Place> {
        self.parcels.close();
        let place = self.place.take()?;
        while let Some(batch) = self.try_recv() {
            place.line.refuse_all(&batch);
        }
        // Another may stand under its name by now, and the session be that one's.
        let stood = place.line.switchboard().disconnect_closed(&place.session);
        Some(place).filter(|place| stood && place.is_open)
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        if let Some(place) = self.take_down() {
            place.line.tell_closed(&place.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{process::Stdio, time::Duration};

    use futures_util::FutureExt;
    use serde_json::{Value, json, value::to_raw_value};
    use tokio::{
        io::{AsyncBufReadExt, BufReader, Lines},
        process::{Child, ChildStdout, Command},
    };

    use super::{super::writer::Outbox, *};

    fn batch_of(bytes: usize) -> Vec<FromAgent> {
        let params = to_raw_value(&"x".repeat(bytes)).expect("a string is JSON");
        vec![FromAgent::Notification { method: "said".into(), params }]
    }

    #[tokio::test]
    async fn whoever_speaks_to_a_session_that_does_not_listen_waits_once_four_mebibytes_lie_there() {
        let (sender, mut mailbox) = mailbox();
        for _ in 0..3 {
            sender.send(batch_of(1024 * 1024)).now_or_never().expect("there is room").expect("somebody listens");
        }
        let mut waiting = pin!(sender.send(batch_of(1024 * 1024)));
        assert!(waiting.as_mut().now_or_never().is_none());
        mailbox.recv().await.expect("it lies there");
        waiting.now_or_never().expect("there is room again").expect("somebody listens");
    }

    #[tokio::test]
    async fn a_session_is_told_that_others_wait_for_as_long_as_they_do() {
        let (sender, mut mailbox) = mailbox();
        while tokio::time::timeout(Duration::from_millis(50), sender.send(batch_of(1024))).await.is_ok() {}
        assert_eq!(mailbox.crowded().now_or_never(), None, "whoever waited has given up");
        let mut waiting = pin!(sender.send(batch_of(1024 * 1024)));
        assert!(waiting.as_mut().now_or_never().is_none());
        let mut taken = 0;
        while waiting.as_mut().now_or_never().is_none() {
            tokio::time::timeout(Duration::from_secs(10), mailbox.crowded()).await.expect("it still waits");
            mailbox.recv().await.expect("it lies there");
            taken += 1;
        }
        assert!(taken > 100, "room for one large batch is that of many small ones");
        tokio::task::yield_now().await;
        assert_eq!(mailbox.crowded().now_or_never(), None);
    }

    #[tokio::test]
    async fn a_batch_larger_than_the_mailbox_gets_through_one_at_a_time() {
        let (sender, mut mailbox) = mailbox();
        sender.send(batch_of(9 * 1024 * 1024)).now_or_never().expect("it is empty").expect("somebody listens");
        let mut waiting = pin!(sender.send(batch_of(1)));
        assert!(waiting.as_mut().now_or_never().is_none());
        mailbox.recv().await.expect("it lies there");
        waiting.now_or_never().expect("there is room again").expect("somebody listens");
    }

    #[tokio::test]
    async fn nobody_waits_for_a_session_that_is_over() {
        let (sender, mailbox) = mailbox();
        sender.send(batch_of(9 * 1024 * 1024)).await.expect("somebody listens");
        let mut waiting = pin!(sender.send(batch_of(1)));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(mailbox);
        assert_eq!(waiting.await.map_err(|unsent| unsent.len()), Err(1), "it is given back");
    }

    /// A line to a program that says what it is told.
    fn echo() -> (Line, Child, Lines<BufReader<ChildStdout>>) {
        let mut echo = Command::new("cat");
        echo.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut echo = echo.spawn().expect("cat runs");
        let line = Line::new(Outbox::open(echo.stdin.take().expect("a pipe")));
        let told = BufReader::new(echo.stdout.take().expect("a pipe")).lines();
        (line, echo, told)
    }

    fn stand(line: &Line, session: &str) -> (MailboxSender, Mailbox) {
        let (sender, mut mailbox) = mailbox();
        mailbox.stand(line.clone(), session);
        line.switchboard().connect(session, sender.clone());
        (sender, mailbox)
    }

    #[tokio::test]
    async fn an_agent_is_told_of_a_sessions_end_by_whoever_had_it_last() {
        let (line, _echo, mut told) = echo();
        for session in ["never opened", "a", "b"] {
            let (_, mut first) = stand(&line, session);
            let (_, mut second) = stand(&line, session);
            if session != "never opened" {
                first.opened();
                second.opened();
            }
            drop(first);
            assert!(line.switchboard().is_known(session), "another stands there");
            drop(second);
            assert!(!line.switchboard().is_known(session));
        }
        for session in ["a", "b"] {
            let call: Value =
                serde_json::from_str(&told.next_line().await.expect("a pipe").expect("a call")).expect("JSON");
            assert_eq!(
                (&call["method"], &call["params"]["sessionId"]),
                (&json!("qwen/control/session/close"), &json!(session))
            );
        }
    }

    #[tokio::test]
    async fn what_is_asked_in_a_mailbox_that_nobody_empties_is_refused() {
        let (line, _echo, mut told) = echo();
        let (sender, mailbox) = stand(&line, "s");
        let params = to_raw_value(&json!({})).expect("JSON");
        let request = FromAgent::Request { rpc_id: 7.into(), method: "session/request_permission".into(), params };
        sender.send(vec![request]).await.expect("it stands there");
        drop(mailbox);
        let answer: Value =
            serde_json::from_str(&told.next_line().await.expect("a pipe").expect("a line")).expect("JSON");
        assert_eq!((&answer["id"], &answer["error"]["message"]), (&json!(7), &json!("no such session")));
    }
}
