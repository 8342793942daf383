//! How much of everything, and the model that answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use anyhow::Context;

use crate::fake_model::{FakeModel, Script, Step};

/// The amounts of one run.
#[derive(Clone, Debug)]
pub(super) struct Size {
    pub(super) boots: usize,
    pub(super) turns: usize,
    pub(super) sessions: usize,
    pub(super) idle_sessions: usize,
    pub(super) streamed_words: u64,
    pub(super) fanned_out_words: u64,
    pub(super) subscribers: usize,
    pub(super) replayed_frames: u64,
    pub(super) replays: usize,
    pub(super) readers: usize,
    pub(super) reading_seconds: f64,
    pub(super) reading_rounds: usize,
    pub(super) loaded_sessions: usize,
    pub(super) loaded_subscribers: usize,
    pub(super) loaded_words: u64,
    pub(super) idle_streams: usize,
}

impl Size {
    pub(super) fn full() -> Self {
        Self {
            boots: 11,
            turns: 500,
            sessions: 50,
            idle_sessions: 50,
            streamed_words: 400_000,
            fanned_out_words: 40_000,
            subscribers: 32,
            replayed_frames: 7_000,
            replays: 50,
            readers: 16,
            reading_seconds: 0.5,
            reading_rounds: 7,
            loaded_sessions: 10,
            loaded_subscribers: 30,
            loaded_words: 10_000,
            idle_streams: 10_000,
        }
    }

    pub(super) fn quick() -> Self {
        Self {
            boots: 3,
            turns: 50,
            sessions: 10,
            idle_sessions: 10,
            streamed_words: 40_000,
            fanned_out_words: 10_000,
            replays: 5,
            reading_seconds: 0.1,
            reading_rounds: 3,
            loaded_sessions: 3,
            loaded_words: 2_000,
            idle_streams: 1_000,
            ..Self::full()
        }
    }
}

/// A fake model on a thread of its own; every turn is as many words as were asked for last.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) base_url: String,
    words: Arc<AtomicU64>,
    chunks_per_packet: Arc<AtomicU64>,
}

impl Model {
    pub(super) fn start() -> anyhow::Result<Self> {
        let (words, chunks_per_packet) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(64)));
        let (asked, packet) = (Arc::clone(&words), Arc::clone(&chunks_per_packet));
        let script = Script::whatever(move || {
            let (count, chunks_per_packet) = (asked.load(Ordering::Relaxed), packet.load(Ordering::Relaxed));
            vec![Step::Words { count, chunks_per_packet, pace_ms: 0 }]
        });
        let (started, address) = mpsc::channel();
        thread::Builder::new().name("model".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.context("no runtime for the model").and_then(|runtime| {
                runtime.block_on(async {
                    let model = FakeModel::start(script).await?;
                    started.send(model.base_url())?;
                    model.serve_forever().await;
                    Ok(())
                })
            })
        })?;
        Ok(Self { base_url: address.recv().context("the model did not start")?, words, chunks_per_packet })
    }

    /// Every turn from now on has this many words.
    pub(super) fn say(&self, words: u64, chunks_per_packet: u64) {
        self.words.store(words, Ordering::Relaxed);
        self.chunks_per_packet.store(chunks_per_packet, Ordering::Relaxed);
    }
}
