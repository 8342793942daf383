//! The law of the client's stream: whatever is cut, replayed or silent, each event is delivered once and in order, or a resync says that
//! some are missing.

use proptest::prelude::*;
use roost_core::{
    EventEpoch, Millis, SessionId,
    client::{Cursor, Effect, Input, Request, Stream},
};

/// What happens next on the line.
#[derive(Clone, Debug)]
enum Happening {
    /// The session publishes this many events.
    Publish(u8),
    /// This many bytes of what is due arrive.
    Arrive(u16),
    /// The connection breaks, with bytes on their way.
    Break,
    /// So much time passes.
    Pass(u32),
    /// The reader comes back.
    Nudge,
    /// The reader looks away.
    Rest,
    /// The oldest events are forgotten, but for this many.
    Forget(u8),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (1..6u8).prop_map(Happening::Publish),
        6 => (1..400u16).prop_map(Happening::Arrive),
        2 => Just(Happening::Break),
        2 => (1..60_000u32).prop_map(Happening::Pass),
        1 => Just(Happening::Nudge),
        1 => Just(Happening::Rest),
        1 => (0..4u8).prop_map(Happening::Forget),
    ]
}

/// A daemon with one session and one reader.
struct Line {
    stream: Stream,
    now: Millis,
    published: u64,
    oldest: u64,
    /// Bytes that the open connection has still to deliver.
    due: Option<Vec<u8>>,
    delivered: Vec<u64>,
    /// How many ids had been delivered when a resync said that some are missing.
    marks: Vec<usize>,
}

fn frame(id: u64) -> String {
    format!(
        "id: {id}\nevent: session_update\ndata: {{\"id\":{id},\"v\":1,\"type\":\"session_update\",\"data\":{{}}}}\n\n"
    )
}

impl Line {
    fn new() -> Self {
        let stream = Stream::new(SessionId::from("s"), Cursor { last_event_id: 0, epoch: None });
        let mut line = Self {
            stream,
            now: Millis(0),
            published: 0,
            oldest: 1,
            due: None,
            delivered: Vec::new(),
            marks: Vec::new(),
        };
        line.tell(Input::Start);
        line
    }

    fn tell(&mut self, input: Input<'_>) {
        for effect in self.stream.handle(self.now, input) {
            match effect {
                Effect::Connect(request) => self.connect(&request),
                Effect::HangUp => {
                    self.due = None;
                    self.tell(Input::Lost { chance: 0.5 });
                }
                Effect::Deliver(event) => self.delivered.extend(event.id),
                Effect::Resync(_) => self.marks.push(self.delivered.len()),
                Effect::Wait { until } => assert!(until > self.now, "a wait lies ahead"),
                Effect::Revive | Effect::End(_) => panic!("the daemon never refuses"),
            }
        }
    }

    /// Answers as the rules of the wire say: what is asked for, or a mark that it cannot be had.
    fn connect(&mut self, request: &Request) {
        let header = |name| request.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str());
        let cursor: u64 = header("Last-Event-ID").and_then(|id| id.parse().ok()).expect("a cursor");
        let mut bytes = "retry: 3000\n\n".to_owned();
        if self.oldest > cursor + 1 {
            bytes += &format!(
                "event: state_resync_required\ndata: {{\"v\":1,\"type\":\"state_resync_required\",\"data\":\
                 {{\"reason\":\"ring_evicted\",\"lastDeliveredId\":{cursor},\"earliestAvailableId\":{}}}}}\n\n",
                self.oldest
            );
        }
        (self.oldest.max(cursor + 1)..=self.published).for_each(|id| bytes += &frame(id));
        self.due = Some(bytes.into_bytes());
        self.tell(Input::Opened { epoch: Some(EventEpoch::from("e")) });
    }

    fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::Publish(count) => {
                for _ in 0..*count {
                    self.published += 1;
                    if let Some(due) = &mut self.due {
                        due.extend_from_slice(frame(self.published).as_bytes());
                    }
                }
            }
            Happening::Arrive(count) => self.arrive(usize::from(*count)),
            Happening::Break => {
                if self.due.take().is_some() {
                    self.tell(Input::Lost { chance: 0.5 });
                }
            }
            Happening::Pass(length) => {
                self.now = self.now.after(Millis(u64::from(*length)));
                self.tell(Input::Tick);
            }
            Happening::Nudge => self.tell(Input::Nudge),
            Happening::Rest => self.tell(Input::Rest),
            Happening::Forget(kept) => {
                self.oldest = self.oldest.max((self.published + 1).saturating_sub(u64::from(*kept)));
            }
        }
    }

    fn arrive(&mut self, count: usize) {
        let Some(due) = &mut self.due else { return };
        let bytes: Vec<u8> = due.drain(..count.min(due.len())).collect();
        if !bytes.is_empty() {
            self.tell(Input::Bytes(&bytes));
        }
    }

    /// Lets everything arrive.
    fn settle(&mut self) {
        self.tell(Input::Nudge);
        while self.due.is_none() {
            self.now = self.stream.deadline().expect("it tries again").max(self.now);
            self.tell(Input::Tick);
        }
        self.arrive(usize::MAX);
    }
}

proptest! {
    #[test]
    fn each_event_is_delivered_once_and_in_order_or_a_resync_says_what_is_missing(
        happenings in prop::collection::vec(happening(), 0..120)
    ) {
        let mut line = Line::new();
        happenings.iter().for_each(|happening| line.happen(happening));
        line.settle();

        let mut last = 0;
        for (index, id) in line.delivered.iter().copied().enumerate() {
            prop_assert!(id > last, "{id} came after {last}");
            prop_assert!(id == last + 1 || line.marks.contains(&index), "nobody said that {}..{id} are missing", last + 1);
            last = id;
        }
        if last < line.published {
            prop_assert!(line.marks.contains(&line.delivered.len()), "nobody said that {}.. are missing", last + 1);
        }
    }
}
