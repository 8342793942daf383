//! The user's own commands: what was typed, what it printed, how it ended.

use crate::{
    payload::{ShellCommand, ShellResult},
    transcript::{Body, Change, EntryId, ShellRun, Transcript, step::Step},
};

impl Transcript {
    pub(super) fn shell_output(&mut self, output: &str, step: &Step<'_>, change: &mut Change) {
        let place = (step.seq, step.at);
        match self.open_shell() {
            Some(id) => {
                let first = matches!(self.lines.get(id).map(|entry| &entry.body), Some(Body::Shell(run)) if run.output_at.is_none());
                if first {
                    self.lines.edit(id, None, change, |entry| {
                        if let Body::Shell(run) = &mut entry.body {
                            run.output_at = Some(place);
                        }
                    });
                }
                self.lines.append(id, output, step.at.max(step.folded.until), change);
            }
            None => {
                let run = ShellRun { output: output.to_owned(), output_at: Some(place), ..ShellRun::default() };
                self.push_shell(run, step, change);
            }
        }
    }

    /// The newest command that has no result; the protocol does not name them.
    fn open_shell(&self) -> Option<EntryId> {
        self.shells.iter().rev().copied().find(|id| self.lines.get(*id).is_some())
    }

    fn push_shell(&mut self, run: ShellRun, step: &Step<'_>, change: &mut Change) {
        if run.is_running() {
            self.shells.push(EntryId(step.seq));
        }
        self.lines.push(Self::entry(step, None, None, Body::Shell(Box::new(run))), change);
    }

    pub(super) fn shell_command(&mut self, command: ShellCommand, step: &Step<'_>, change: &mut Change) {
        let named_at = Some((step.seq, step.at));
        let run = ShellRun { command: command.command, cwd: command.cwd, named_at, ..ShellRun::default() };
        self.push_shell(run, step, change);
    }

    pub(super) fn shell_result(&mut self, result: ShellResult, step: &Step<'_>, change: &mut Change) {
        let ended_at = Some((step.seq, step.at));
        let Some(id) = self.open_shell() else {
            return self.push_shell(ShellRun { result: Some(result), ended_at, ..ShellRun::default() }, step, change);
        };
        self.shells.retain(|open| *open != id);
        self.lines.edit(id, step.at.max(step.folded.until), change, |entry| {
            if let Body::Shell(run) = &mut entry.body {
                run.result = Some(result);
                run.ended_at = ended_at;
            }
        });
    }
}
