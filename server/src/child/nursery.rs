//! The thread that starts programs. The kernel ends a program with the *thread* that started it, and the runtime's threads come and go:
//! one that waited for a disk may end ten seconds later. This one lives as long as the daemon.

use std::{
    io,
    sync::{
        LazyLock,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
};

/// Programs that may wait to be started; whoever wants one more waits with them, for about a millisecond each.
const MAX_WAITING: usize = 16;

struct Order {
    command: Command,
    /// Where the program's pipes are to be read.
    runtime: Handle,
    started: SyncSender<io::Result<Child>>,
}

static ORDERS: LazyLock<io::Result<SyncSender<Order>>> = LazyLock::new(|| {
    let (orders, taken) = sync_channel::<Order>(MAX_WAITING);
    let start = move || {
        for mut order in taken {
            let _inside = order.runtime.enter();
            // Whoever ordered waits for this.
            let _ = order.started.send(order.command.spawn());
        }
    };
    thread::Builder::new().name("nursery".to_owned()).spawn(start)?;
    Ok(orders)
});

/// Starts the program, as [`Command::spawn`] does. To be called within a runtime.
///
/// # Errors
/// The program does not exist, may not be run, or the system is out of processes, threads or descriptors.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    let orders = ORDERS.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
    let (started, child) = sync_channel(1);
    let gone = || io::Error::other("the thread that starts programs is gone");
    orders.send(Order { command, runtime: Handle::current(), started }).map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}
