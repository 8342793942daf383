//! A command line's way through the driver: started, told to the machine as it speaks, stopped when its client leaves.

use std::{path::Path, sync::Arc};

use roost_core::session::Ticket;
use tokio::sync::{mpsc, oneshot};

use super::Driver;
use crate::shell;

/// News that may wait; the command line waits with more.
const MAX_WAITING_NEWS: usize = 16;

impl Driver {
    pub(super) fn run_shell(&mut self, ticket: Ticket, command: &str, cwd: &str) {
        let Some((patience, gone)) = self.leaving.remove(&ticket) else { return };
        let (stop, stopped) = oneshot::channel();
        self.shells.insert(ticket, stop);
        let (news, mut heard) = mpsc::channel(MAX_WAITING_NEWS);
        // Either resolves when its other end is dropped.
        let ended = async move {
            tokio::select! {
                _ = gone => {}
                _ = stopped => {}
            }
        };
        let line = shell::Line::new(command, Path::new(cwd), patience);
        tokio::spawn(async move { line.run(ended, news).await });
        let live = Arc::clone(&self.live);
        tokio::spawn(async move {
            while let Some(news) = heard.recv().await {
                live.shell_news(ticket, news).await;
            }
        });
    }
}
