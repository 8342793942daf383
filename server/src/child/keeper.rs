//! Ends what a daemon that was killed outright has left running, without waiting for the next one.
//!
//! A process of its own, which waits at a pipe whose other end is the daemon's alone: however the daemon ends, the kernel closes it. The
//! kernel also asks the agents themselves to end; what they leave behind, or what left their groups, is found by its mark.

use std::{
    env,
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::{ChildStdin, Command, Stdio},
    thread,
    time::Duration,
};

use tokio::task::JoinHandle;

use super::{SECRET_VARIABLES, end_orphans};

/// What is urgent at a start comes first.
const PAUSE: Duration = Duration::from_secs(1);
/// What agents get to end by themselves, once they were asked to.
const GRACE: Duration = Duration::from_secs(2);
/// What a daemon says that ends in good order, and so leaves nothing behind.
const FAREWELL: &[u8] = b".";

/// The word on the command line.
pub const COMMAND: &str = "keeper";

/// A daemon's handle on its keeper.
#[derive(Debug)]
pub struct Keeper(JoinHandle<io::Result<ChildStdin>>);

impl Keeper {
    /// Has one started by and by. To be called by a program that is its own keeper under the word [`COMMAND`].
    #[must_use]
    pub fn post() -> Self {
        Self(tokio::spawn(async {
            tokio::time::sleep(PAUSE).await;
            start().inspect_err(|error| {
                tracing::warn!(%error, "there is no keeper: should this daemon be killed, the next one ends what it leaves running");
            })
        }))
    }

    /// Ends it; there is nothing left to keep.
    pub async fn dismiss(self) {
        self.0.abort();
        if let Ok(Ok(mut pipe)) = self.0.await {
            // One that is gone needs no telling.
            let _ = pipe.write_all(FAREWELL);
        }
    }
}

fn start() -> io::Result<ChildStdin> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(COMMAND).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    for name in SECRET_VARIABLES {
        command.env_remove(name);
    }
    // Out of reach of what a terminal sends to the daemon's group.
    let mut keeper = command.process_group(0).spawn()?;
    keeper.stdin.take().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
}

/// The keeper's life: waits for the end of the daemon that started it, and ends what bears the mark of one that is gone.
///
/// # Errors
/// Its pipe cannot be read.
pub fn keep() -> io::Result<()> {
    let mut said = Vec::new();
    io::stdin().lock().read_to_end(&mut said)?;
    if said != FAREWELL {
        thread::sleep(GRACE);
        end_orphans();
    }
    Ok(())
}
