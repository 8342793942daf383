//! The thread that starts programs. The kernel ends a program with the *thread* that started it, and the runtime's threads come and go:
//! one that waited for a disk may end ten seconds later. This one lives as long as the daemon.

use std::{io, sync::LazyLock, thread};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::{mpsc, oneshot},
};

/// Programs that may wait to be started; whoever wants one more waits with them, for about a millisecond each.
const MAX_WAITING: usize = 16;

struct Order {
    command: Command,
    /// Where the program's pipes are to be read.
    runtime: Handle,
    started: oneshot::Sender<io::Result<Child>>,
}

static ORDERS: LazyLock<io::Result<mpsc::Sender<Order>>> = LazyLock::new(|| {
    let (orders, mut taken) = mpsc::channel::<Order>(MAX_WAITING);
    let start = move || {
        while let Some(mut order) = taken.blocking_recv() {
            let _inside = order.runtime.enter();
            // Whoever ordered it may have gone; then it ends with its handle.
            let _ = order.started.send(order.command.spawn());
        }
    };
    thread::Builder::new().name("nursery".to_owned()).spawn(start)?;
    Ok(orders)
});

/// Starts the program, as [`Command::spawn`] does. The command is one that is killed with its handle.
///
/// # Errors
/// The program does not exist, may not be run, or the system is out of processes, threads or descriptors.
pub(super) async fn spawn(command: Command) -> io::Result<Child> {
    let orders = ORDERS.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
    let (started, child) = oneshot::channel();
    let gone = || io::Error::other("the thread that starts programs is gone");
    orders.send(Order { command, runtime: Handle::current(), started }).await.map_err(|_| gone())?;
    child.await.map_err(|_| gone())?
}
