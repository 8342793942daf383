//! What it costs to hold much at once: sessions under load, and streams on which nothing happens.

use anyhow::Context;
use tokio::task::JoinSet;

use super::{
    measures::{Bench, SETTLE},
    reading::Reading,
    report::Column,
};

/// Streams of one session: below every daemon's cap that can be raised, and Roost's own default.
const STREAMS_A_SESSION: usize = 1_000;
/// Streams that are opened at a time.
const ABREAST: usize = 64;

impl Bench<'_> {
    /// The process tree's memory after many sessions with many subscribers each have streamed a turn.
    pub(super) async fn memory_under_load(&self, column: &mut Column) -> anyhow::Result<()> {
        let words = self.size.loaded_words;
        self.say(words, 1).await?;
        let mut connection = self.door().connect().await?;
        let (mut sessions, mut held) = (Vec::new(), Vec::new());
        for _ in 0..self.size.loaded_sessions {
            let session = connection.new_session().await?;
            let mut reading = JoinSet::new();
            for _ in 0..self.size.loaded_subscribers {
                let mut subscriber = Reading::new(self.door().events(&session, None).await?);
                reading.spawn(async move {
                    subscriber.until(|tally| tally.turns_ended > 0).await?;
                    anyhow::Ok(subscriber)
                });
            }
            self.prompted(&mut connection, &session).await?;
            while let Some(subscriber) = reading.join_next().await {
                let subscriber = subscriber??;
                anyhow::ensure!(subscriber.tally.words == words, "{} of {words} words came", subscriber.tally.words);
                held.push(subscriber);
            }
            sessions.push(session);
        }
        tokio::time::sleep(SETTLE).await;
        column.set("memory_load", self.running.memory() / 1e6);
        drop(held);
        for session in sessions {
            connection.delete(&format!("/session/{session}")).await?;
        }
        Ok(())
    }

    /// What one more stream costs the server on which nothing happens, and how long all of them take to be opened.
    pub(super) async fn idle_streams(&self, column: &mut Column) -> anyhow::Result<()> {
        let count = self.size.idle_streams;
        let mut connection = self.door().connect().await?;
        let mut sessions = Vec::new();
        for _ in 0..count.div_ceil(STREAMS_A_SESSION) {
            sessions.push(connection.new_session().await?);
        }
        tokio::time::sleep(SETTLE).await;
        let before = self.running.memory();
        let began = std::time::Instant::now();
        let (mut opening, mut held) = (JoinSet::new(), Vec::with_capacity(count));
        for nth in 0..count {
            let (door, session) = (self.door().clone(), sessions[nth / STREAMS_A_SESSION].clone());
            opening.spawn(async move { door.events(&session, None).await });
            if opening.len() >= ABREAST {
                let opened = opening.join_next().await.context("one is being opened")?;
                held.push(opened?.with_context(|| format!("stream {} of {count}", held.len() + 1))?);
            }
        }
        while let Some(opened) = opening.join_next().await {
            held.push(opened?.with_context(|| format!("stream {} of {count}", held.len() + 1))?);
        }
        column.set("idle_streams_opened", began.elapsed().as_secs_f64());
        tokio::time::sleep(SETTLE).await;
        column.set("idle_stream_memory", (self.running.memory() - before) / 1e3 / held.len() as f64);
        anyhow::ensure!(held.len() == count, "{} of {count} streams are held", held.len());
        drop(held);
        for session in sessions {
            connection.delete(&format!("/session/{session}")).await?;
        }
        Ok(())
    }
}
