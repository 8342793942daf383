//! Waiting for something to become true, with an end.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

/// How long a test waits for something that should happen soon. Generous: a busy machine is no failure, and a test that passes waits
/// for nothing.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at something that cannot be waited on.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The future's output, or an error that says what did not happen.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(PATIENCE, future).await.with_context(|| format!("waited {PATIENCE:?} for {what}"))
}

/// Asks again and again until the answer is `Some`, for what has no event to wait on: a page, a file, another process.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await.with_context(|| format!("while waiting for {what}"))? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("waited {PATIENCE:?} for {what}");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// [`until`] for a condition.
pub async fn until_true(what: &str, mut look: impl FnMut() -> bool) -> anyhow::Result<()> {
    until(what, async || Ok(look().then_some(()))).await
}

/// Lets time pass, where time itself is what a test is about (a fault at a random moment, a clock that runs ahead), and never in
/// order to wait for something that has an event or can be looked at.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
