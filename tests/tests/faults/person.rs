//! Those who use a session: they ask, answer what the agent asks, take prompts back, and remember what the daemon promised them.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use fastrand::Rng;
use roost_core::{
    ClientId, Envelope, EventType, PromptId, RequestId, SessionId,
    client::{Call, Prompt, Vote, WireFailure, routes},
    payload::PermissionRequest,
};
use roost_tests::{deadline, scripted_agent::script::Spoken};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    cast::Speaker,
    history::{Asked, Voted},
    wire::{Failed, Wire},
};

/// Before a request is tried again.
const PAUSE: Duration = Duration::from_millis(20);
/// What has not happened after this long never will.
const PATIENCE: Duration = deadline::PATIENCE;

/// Answers the agent's requests, as they are heard of.
pub(crate) struct Voter {
    wire: Wire,
    session: SessionId,
    rng: Rng,
    heard: mpsc::Receiver<Arc<Envelope>>,
    answered: BTreeSet<RequestId>,
    /// Somebody else will answer.
    may_abstain: bool,
    pub(crate) votes: Vec<Voted>,
}

impl Voter {
    pub(crate) fn new(wire: Wire, session: &SessionId, rng: Rng, heard: mpsc::Receiver<Arc<Envelope>>) -> Self {
        Self {
            wire,
            session: session.clone(),
            rng,
            heard,
            answered: BTreeSet::new(),
            may_abstain: true,
            votes: Vec::new(),
        }
    }

    /// Votes until there is nothing more to hear.
    pub(crate) async fn vote_to_the_end(mut self) -> anyhow::Result<Vec<Voted>> {
        while self.hear().await?.is_some() {}
        Ok(self.votes)
    }

    /// The next event, after having voted if it asks for that.
    async fn hear(&mut self) -> anyhow::Result<Option<Arc<Envelope>>> {
        let Some(event) = self.heard.recv().await else { return Ok(None) };
        if event.kind == EventType::PermissionRequest {
            let request = PermissionRequest::parse(&event.data)?;
            let abstains = self.may_abstain && self.rng.u8(0..4) == 0;
            if self.answered.insert(request.request_id.clone()) && !abstains {
                self.vote(&request).await?;
            }
        }
        Ok(Some(event))
    }

    async fn vote(&mut self, request: &PermissionRequest) -> anyhow::Result<()> {
        deadline::pass(Duration::from_millis(self.rng.u64(0..30))).await;
        let option = self.rng.choice(&request.options).filter(|_| self.rng.u8(0..8) > 0);
        let vote = option.map_or_else(Vote::cancel, |option| Vote::select(option.option_id.clone()));
        let call = routes::vote(&self.session, &request.request_id, &vote);
        let since = Instant::now();
        loop {
            anyhow::ensure!(since.elapsed() < PATIENCE, "a vote is never answered");
            match self.wire.call(&call).await? {
                Ok(_) => {
                    let option = option.map(|option| option.option_id.to_string());
                    self.votes.push(Voted { request: request.request_id.clone(), option });
                    return Ok(());
                }
                // Decided already, by another or by a vote of ours whose answer was lost; or gone with the daemon.
                Err(Failed::Refused(refused)) if refused.is_missing() => return Ok(()),
                Err(Failed::Refused(refused)) if !refused.is_passing() => bail!("a vote was refused: {refused:?}"),
                Err(Failed::Refused(_) | Failed::Lost) => deadline::pass(PAUSE).await,
            }
        }
    }
}

/// Asks, one prompt after the other.
pub(crate) struct Person {
    voter: Voter,
    speaker: Speaker,
    client: Option<ClientId>,
    asked: Vec<Asked>,
    ended: BTreeSet<PromptId>,
}

impl Person {
    pub(crate) fn new(voter: Voter, speaker: Speaker) -> Self {
        // Whoever asks has to answer, or the agent would wait for ever.
        let voter = Voter { may_abstain: false, ..voter };
        Self { voter, speaker, client: None, asked: Vec::new(), ended: BTreeSet::new() }
    }

    /// Sends `count` prompts, waits until the acknowledged ones have ended, and tells what was promised.
    pub(crate) async fn act(mut self, name: &str, count: usize) -> anyhow::Result<(Vec<Asked>, Voter)> {
        for nth in 0..count {
            self.ask(format!("{name}-{nth}")).await?;
            let last = self.asked.last().and_then(|asked| asked.acknowledged.clone());
            match (self.voter.rng.u8(0..10), last) {
                (0..4, Some(prompt)) => self.wait_for(&prompt).await?,
                (4, Some(prompt)) => self.take_back(&prompt).await?,
                (5, _) => self.cancel().await?,
                (0..=9 | 10.., _) => {}
            }
        }
        let owed: Vec<_> = self.asked.iter().filter_map(|asked| asked.acknowledged.clone()).collect();
        for prompt in owed {
            self.wait_for(&prompt).await?;
        }
        Ok((self.asked, self.voter))
    }

    async fn ask(&mut self, name: String) -> anyhow::Result<()> {
        let spoken = Spoken { turn: self.speaker.turn(&mut self.voter.rng, &name), name };
        let text = serde_json::to_string(&spoken)?;
        let since = Instant::now();
        let acknowledged = loop {
            anyhow::ensure!(since.elapsed() < PATIENCE, "a prompt is never taken");
            let call = routes::prompt(&self.voter.session, &Prompt::text(text.as_str())).by(self.client.as_ref());
            match self.voter.wire.call(&call).await? {
                Ok(accepted) => break Some(accepted.prompt_id),
                // It may have arrived: whoever sent it again might ask twice.
                Err(Failed::Lost) => break None,
                Err(Failed::Refused(refused)) if refused.is("prompt_queue_full") => drop(self.hear_something().await?),
                Err(Failed::Refused(refused)) => self.enter(&refused).await?,
            }
        };
        self.asked.push(Asked { spoken, text, acknowledged, removed: false, state: None });
        Ok(())
    }

    async fn take_back(&mut self, prompt: &PromptId) -> anyhow::Result<()> {
        let call = routes::remove_pending(&self.voter.session, prompt);
        let removed = self.persist(&call).await?.is_some_and(|answer| answer.removed);
        let asked = self.asked.iter_mut().find(|asked| asked.acknowledged.as_ref() == Some(prompt));
        asked.context("it was asked")?.removed = removed;
        Ok(())
    }

    async fn cancel(&mut self) -> anyhow::Result<()> {
        let call = routes::cancel(&self.voter.session);
        self.persist(&call).await.map(drop)
    }

    /// Sends a call that does no harm when it arrives twice, until it is answered. `None`: the last answer may have been
    /// to an earlier copy.
    async fn persist<T>(&mut self, call: &Call<T>) -> anyhow::Result<Option<T>> {
        let mut first = true;
        let since = Instant::now();
        loop {
            anyhow::ensure!(since.elapsed() < PATIENCE, "{:?} is never answered", call.request());
            match self.voter.wire.call(call).await? {
                Ok(answer) => return Ok(first.then_some(answer)),
                Err(Failed::Lost) => first = false,
                Err(Failed::Refused(refused)) => self.enter(&refused).await?,
            }
        }
    }

    /// Makes the session know us, where that was what it complained about.
    async fn enter(&mut self, refused: &WireFailure) -> anyhow::Result<()> {
        let is_curable = refused.is_missing() || refused.is_unknown_client() || refused.is_passing();
        anyhow::ensure!(is_curable, "refused for good: {refused:?}");
        deadline::pass(PAUSE).await;
        match self.voter.wire.call(&routes::resume(&self.voter.session)).await? {
            Ok(resumed) => self.client = resumed.session.client_id,
            Err(Failed::Lost) => {}
            Err(Failed::Refused(refused)) if refused.is_passing() => {}
            Err(Failed::Refused(refused)) => bail!("the session cannot be entered: {refused:?}"),
        }
        Ok(())
    }

    async fn wait_for(&mut self, prompt: &PromptId) -> anyhow::Result<()> {
        let since = Instant::now();
        while !self.ended.contains(prompt) {
            anyhow::ensure!(since.elapsed() < PATIENCE * 2, "{prompt} does not end");
            let event =
                self.hear_something().await.with_context(|| format!("while waiting for the end of {prompt}"))?;
            // What a load folds away has to be asked for.
            if event.kind == EventType::ReplayComplete {
                let state = self.voter.wire.turn_state(&self.voter.session, prompt).await;
                if state.as_deref().is_some_and(has_ended) {
                    self.ended.insert(prompt.clone());
                }
            }
        }
        Ok(())
    }

    async fn hear_something(&mut self) -> anyhow::Result<Arc<Envelope>> {
        let heard = timeout(PATIENCE, self.voter.hear()).await.context("nothing was heard any more")??;
        let event = heard.context("the reader has gone")?;
        if matches!(event.kind, EventType::TurnComplete | EventType::TurnError) {
            self.ended.extend(event.data["promptId"].as_str().map(PromptId::from));
        }
        Ok(event)
    }
}

/// Whether a turn in this state has had its terminal.
pub(crate) fn has_ended(state: &str) -> bool {
    matches!(state, "completed" | "cancelled" | "error")
}
