//! A line on which a scene is played.

use anyhow::Context;

use super::{
    super::stage::Stage,
    Conversation,
    part::Part,
    scene::{Model, Moment, Scene, Step, Vote},
};
use crate::deadline::within;

/// One session, and somebody who talks to its server and listens.
pub(super) trait Line: Sized {
    async fn prompt(&mut self, text: &str) -> anyhow::Result<()>;
    /// Listens until this has come.
    async fn hear(&mut self, moment: Moment) -> anyhow::Result<()>;
    async fn vote(&mut self, vote: Vote) -> anyhow::Result<()>;
    async fn cancel(&mut self) -> anyhow::Result<()>;
    async fn mode(&mut self, mode: &str) -> anyhow::Result<()>;
    async fn model(&mut self, model: Model) -> anyhow::Result<()>;
    async fn close(&mut self) -> anyhow::Result<()>;

    /// What only this kind of line can do.
    async fn own(&mut self, step: &Step) -> anyhow::Result<()>;

    /// Hangs up, the session closed.
    async fn leave(self) -> anyhow::Result<Conversation>;
    /// What has been heard so far, in words.
    fn so_far(&self) -> String;
}

/// Plays the scene to its end.
pub(super) async fn play<L: Line>(
    line: anyhow::Result<L>,
    scene: &Scene,
    name: &str,
    stage: &Stage,
) -> anyhow::Result<Conversation> {
    let mut line = line.context("nobody answers")?;
    for (number, step) in scene.steps.iter().enumerate() {
        let done = within("a step of a conversation", act(&mut line, step, name, stage)).await.flatten();
        done.with_context(|| format!("step {}, {step:?}, after {}", number + 1, line.so_far()))?;
    }
    line.leave().await
}

async fn act(line: &mut impl Line, step: &Step, name: &str, stage: &Stage) -> anyhow::Result<()> {
    match step {
        Step::Prompt(turns) => line.prompt(&Part::new(turns.clone()).spoken(name, stage.workspace())?).await,
        Step::Hear(moment) => line.hear(*moment).await,
        Step::Vote(vote) => line.vote(*vote).await,
        Step::Cancel => line.cancel().await,
        Step::LetGo => {
            stage.model().open(&Part::gate(name));
            Ok(())
        }
        Step::Mode(mode) => line.mode(mode).await,
        Step::Model(model) => line.model(*model).await,
        Step::Close => line.close().await,
        Step::Ask { .. } | Step::Listen { .. } | Step::Load | Step::Call { .. } => line.own(step).await,
    }
}
