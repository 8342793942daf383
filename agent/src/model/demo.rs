//! The model used when none is configured: a few visible rules instead of a language model.
//!
//! It says what it is, thinks aloud, writes word by word and calls the real tools, so that a newcomer sees the whole of
//! Roost at work without a key. [`rules`] holds what it understands.

mod rules;

use std::time::Duration;

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};

use self::rules::{Answer, answer};
use super::{Event, Events, Finish, Model, ModelError, Request, Usage};

/// Between two words: slow enough to be seen streaming.
const WORD_INTERVAL: Duration = Duration::from_millis(8);
/// Letters a token is taken to have.
const LETTERS_PER_TOKEN: usize = 4;

#[derive(Debug)]
pub(super) struct DemoModel;

impl Model for DemoModel {
    fn respond(&self, request: Request<'_>) -> BoxFuture<'static, Result<Events, ModelError>> {
        let Answer { thought, text, call } = answer(request.history, request.cwd);
        let asked: usize = request.history.iter().map(|message| message.text().len()).sum();
        let output = thought.len() + text.len() + call.as_ref().map_or(0, |call| call.arguments.to_string().len());
        let mut events: Vec<Event> = words(&thought).map(Event::Thought).collect();
        events.extend(words(&text).map(Event::Text));
        if let Some(call) = call {
            let id = format!("call_{}", uuid::Uuid::new_v4().simple());
            events.push(Event::Call { slot: 0, id, name: call.tool.to_owned() });
            events.push(Event::Arguments { slot: 0, fragment: call.arguments.to_string() });
        }
        events
            .push(Event::Usage(usage((request.system.len() + asked) / LETTERS_PER_TOKEN, output / LETTERS_PER_TOKEN)));
        events.push(Event::Finish(Finish::Done));
        let paced = stream::iter(events).then(|event| async {
            if matches!(event, Event::Text(_) | Event::Thought(_)) {
                tokio::time::sleep(WORD_INTERVAL).await;
            }
            Ok(event)
        });
        async move { Ok(paced.boxed()) }.boxed()
    }
}

/// The words of a text, each with the white space behind it.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split_inclusive(char::is_whitespace).map(str::to_owned)
}

fn usage(input: usize, output: usize) -> Usage {
    let (input, output) = (input as u64, output as u64);
    Usage { input, output, total: input + output, ..Usage::default() }
}
