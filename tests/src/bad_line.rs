//! A TCP line between a client and the daemon on which things go wrong: mid-frame cuts, resets, stalls, silence, writes split anywhere.
//!
//! What happens to the n-th connection follows from the seed and n alone.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use rustix::net::sockopt::set_socket_linger;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    task::{JoinHandle, JoinSet},
};

/// As much as one read takes.
const BUFFER: usize = 16 * 1024;

/// A listening line to one daemon. Dropping it cuts everything.
#[derive(Debug)]
pub struct BadLine {
    address: SocketAddr,
    calm: Arc<AtomicBool>,
    listening: JoinHandle<()>,
}

/// What happens to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing but odd pieces.
    Whole,
    /// Gone as soon as it was made.
    Refused,
    /// Takes everything, passes nothing on, for so long.
    Deaf { ms: u64 },
    /// Over after so many bytes in one direction.
    Cut { upstream: bool, after: usize, reset: bool },
    /// After so many bytes to the client nothing for a while, then all the rest.
    Stall { after: usize, ms: u64 },
    /// After so many bytes to the client nothing any more, and no word that it is over: what a sleeping laptop or a lost radio leaves.
    Silent { after: usize },
}

/// Answers are shorter than this, streams longer: only who reads a stream has to find out that nothing will come.
const LONGER_THAN_AN_ANSWER: usize = 1_500;

impl Fate {
    fn draw(rng: &mut Rng) -> Self {
        let reset = rng.bool();
        match rng.u8(0..100) {
            0..40 => Self::Whole,
            40..46 => Self::Refused,
            46..49 => Self::Deaf { ms: rng.u64(100..1_500) },
            49..56 => Self::Cut { upstream: true, after: rng.usize(1..600), reset },
            56..90 => Self::Cut { upstream: false, after: short_or_long(rng), reset },
            90..98 => Self::Stall { after: short_or_long(rng), ms: rng.u64(20..2_500) },
            _ => Self::Silent { after: LONGER_THAN_AN_ANSWER + short_or_long(rng) },
        }
    }
}

/// 1 to 32,768 bytes; every order of magnitude is as likely.
fn short_or_long(rng: &mut Rng) -> usize {
    let most = 1_usize << rng.u32(4..=15);
    rng.usize(1..=most)
}

impl BadLine {
    /// A line to the daemon at `target`, on a port of its own.
    pub async fn start(target: SocketAddr, seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let calm = Arc::new(AtomicBool::new(false));
        let listening = tokio::spawn(listen(listener, target, Rng::with_seed(seed), Arc::clone(&calm)));
        Ok(Self { address, calm, listening })
    }

    /// Where clients find the daemon.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections made from now on meet no harm; the fate of those that exist is not changed.
    pub fn calm(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }
}

impl Drop for BadLine {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, target: SocketAddr, mut rng: Rng, calm: Arc<AtomicBool>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let mut rng = rng.fork();
        let fate = if calm.load(Ordering::Relaxed) { Fate::Whole } else { Fate::draw(&mut rng) };
        connections.spawn(async move {
            // Whatever goes wrong here is what this line is for.
            let _ = carry(client, target, fate, rng).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// How one direction came to its end.
enum Over {
    Finished,
    Cut { reset: bool },
}

async fn carry(mut client: TcpStream, target: SocketAddr, fate: Fate, mut rng: Rng) -> std::io::Result<()> {
    match fate {
        Fate::Refused => return reset(&client),
        Fate::Deaf { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            return reset(&client);
        }
        Fate::Whole | Fate::Cut { .. } | Fate::Stall { .. } | Fate::Silent { .. } => {}
    }
    let Ok(mut daemon) = TcpStream::connect(target).await else { return reset(&client) };
    client.set_nodelay(true)?;
    daemon.set_nodelay(true)?;
    let over = {
        let (from_client, to_client) = client.split();
        let (from_daemon, to_daemon) = daemon.split();
        // No client of ours closes one direction only: the end of one is the end of both.
        tokio::select! {
            over = pump(from_client, to_daemon, Trouble::upstream(fate), rng.fork()) => over,
            over = pump(from_daemon, to_client, Trouble::downstream(fate), rng.fork()) => over,
        }
    };
    match over {
        Over::Cut { reset: true } => reset(&client),
        Over::Cut { reset: false } | Over::Finished => Ok(()),
    }
}

/// The peer sees RST instead of FIN once the socket is dropped.
fn reset(socket: &TcpStream) -> std::io::Result<()> {
    set_socket_linger(socket, Some(Duration::ZERO)).map_err(Into::into)
}

/// What a fate means for one direction.
#[derive(Clone, Copy)]
enum Trouble {
    None,
    Cut { after: usize, reset: bool },
    Stall { after: usize, pause: Duration },
    Silence { after: usize },
}

impl Trouble {
    fn upstream(fate: Fate) -> Self {
        match fate {
            Fate::Cut { upstream: true, after, reset } => Self::Cut { after, reset },
            Fate::Whole
            | Fate::Refused
            | Fate::Deaf { .. }
            | Fate::Cut { .. }
            | Fate::Stall { .. }
            | Fate::Silent { .. } => Self::None,
        }
    }

    fn downstream(fate: Fate) -> Self {
        match fate {
            Fate::Cut { upstream: false, after, reset } => Self::Cut { after, reset },
            Fate::Stall { after, ms } => Self::Stall { after, pause: Duration::from_millis(ms) },
            Fate::Silent { after } => Self::Silence { after },
            Fate::Whole | Fate::Refused | Fate::Deaf { .. } | Fate::Cut { .. } => Self::None,
        }
    }

    /// Bytes until it happens.
    fn distance(self) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Cut { after, .. } | Self::Stall { after, .. } | Self::Silence { after } => Some(after),
        }
    }
}

async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut trouble: Trouble, mut rng: Rng) -> Over {
    let mut buffer = [0; BUFFER];
    let mut carried = 0;
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return Over::Finished };
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            let left = trouble.distance().map_or(usize::MAX, |distance| distance - carried);
            let piece = short_or_long(&mut rng).min(rest.len()).min(left);
            if to.write_all(&rest[..piece]).await.is_err() {
                return Over::Finished;
            }
            carried += piece;
            rest = &rest[piece..];
            if piece == left {
                match trouble {
                    Trouble::Cut { reset, .. } => return Over::Cut { reset },
                    Trouble::Stall { pause, .. } => tokio::time::sleep(pause).await,
                    // Until the client hangs up, which ends the other direction and with it this one.
                    Trouble::Silence { .. } => std::future::pending().await,
                    Trouble::None => {}
                }
                trouble = Trouble::None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_fates_and_every_kind_of_them() {
        let draw = |seed| {
            let mut rng = Rng::with_seed(seed);
            (0..200).map(|_| Fate::draw(&mut rng)).collect::<Vec<_>>()
        };
        let fates = draw(7);
        assert_eq!(fates, draw(7));
        assert_ne!(fates, draw(8));
        let has = |wanted: fn(&Fate) -> bool| fates.iter().any(wanted);
        assert!(has(|fate| matches!(fate, Fate::Whole)));
        assert!(has(|fate| matches!(fate, Fate::Refused)));
        assert!(has(|fate| matches!(fate, Fate::Deaf { .. })));
        assert!(has(|fate| matches!(fate, Fate::Cut { upstream: true, .. })));
        assert!(has(|fate| matches!(fate, Fate::Cut { upstream: false, .. })));
        assert!(has(|fate| matches!(fate, Fate::Stall { .. })));
        assert!(has(|fate| matches!(fate, Fate::Silent { .. })));
    }

    #[tokio::test]
    async fn a_silent_line_neither_speaks_nor_ends_until_its_client_hangs_up() -> anyhow::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let peer = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let target = peer.local_addr()?;
        let mut client = TcpStream::connect(listener.local_addr()?).await?;
        let (accepted, _) = listener.accept().await?;
        let carried = tokio::spawn(carry(accepted, target, Fate::Silent { after: 3 }, Rng::with_seed(1)));
        let (mut daemon, _) = peer.accept().await?;
        daemon.write_all(b"abcdef").await?;
        let mut heard = [0; 3];
        client.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"abc");
        drop(daemon);
        let more = tokio::time::timeout(Duration::from_millis(100), client.read(&mut heard)).await;
        assert!(more.is_err(), "neither the rest nor the end comes through: {more:?}");
        drop(client);
        carried.await??;
        Ok(())
    }

    #[tokio::test]
    async fn what_comes_through_a_bad_line_is_a_beginning_of_what_was_sent() -> anyhow::Result<()> {
        let sent: Vec<u8> = (0..20_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let peer = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let target = peer.local_addr()?;
        let said = sent.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = peer.accept().await {
                let _ = socket.write_all(&said).await;
            }
        });
        let line = BadLine::start(target, 3).await?;
        let mut lengths = Vec::new();
        for _ in 0..60 {
            let mut socket = TcpStream::connect(line.address()).await?;
            let mut got = Vec::new();
            // A reset is an end like any other, and whoever hears nothing for long enough hangs up.
            let _ = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut got)).await;
            assert!(sent.starts_with(&got), "{} bytes", got.len());
            lengths.push(got.len());
        }
        assert!(lengths.contains(&sent.len()) && lengths.contains(&0), "{lengths:?}");
        assert!(lengths.iter().any(|length| (1..sent.len()).contains(length)), "{lengths:?}");
        line.calm();
        let mut got = Vec::new();
        TcpStream::connect(line.address()).await?.read_to_end(&mut got).await?;
        assert_eq!(got, sent);
        Ok(())
    }
}
