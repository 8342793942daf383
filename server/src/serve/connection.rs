//! What a handler may know of the connection it answers.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::SockRef;
use tokio::net::TcpStream;

use crate::admission::OwnAddress;

/// A handle on one TCP connection; a request extension.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    peer: SocketAddr,
    own: OwnAddress,
}

impl Connection {
    /// Sets the socket up: no delay for small frames, and an end for peers that vanished without a word.
    pub(super) fn open(stream: &TcpStream, peer: SocketAddr, silence: Option<Duration>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        #[cfg(target_os = "linux")]
        SockRef::from(stream).set_tcp_user_timeout(silence)?;
        let own = OwnAddress::new(stream.local_addr()?);
        Ok(Self(Arc::new(Shared { peer, own })))
    }

    /// The other end's socket address; never taken from a header.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// The address at which the peer reached the daemon.
    #[must_use]
    pub fn own_address(&self) -> &OwnAddress {
        &self.0.own
    }
}
