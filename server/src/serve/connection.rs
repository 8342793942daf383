//! What a handler may know of the connection it answers.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use socket2::SockRef;
use tokio::net::TcpStream;

use super::departure::Departures;
use crate::admission::OwnAddress;

/// A handle on one TCP connection; a request extension.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    peer: SocketAddr,
    own: OwnAddress,
    departures: Departures,
}

impl Connection {
    /// Sets the socket up: no delay for small frames, and an end for peers that vanished without a word.
    pub(super) fn open(stream: &TcpStream, peer: SocketAddr, silence: Option<Duration>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        #[cfg(target_os = "linux")]
        SockRef::from(stream).set_tcp_user_timeout(silence)?;
        let own = OwnAddress::new(stream.local_addr()?);
        Ok(Self(Arc::new(Shared { peer, own, departures: Departures::default() })))
    }

    /// The other end's socket address; never taken from a header.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// Whether the peer is a program on this machine (V10), by its socket address.
    #[must_use]
    pub fn is_local(&self) -> bool {
        is_local(self.0.peer.ip())
    }

    /// The address at which the peer reached the daemon.
    #[must_use]
    pub fn own_address(&self) -> &OwnAddress {
        &self.0.own
    }

    pub(super) fn departures(&self) -> &Departures {
        &self.0.departures
    }
}

/// 127.0.0.0/8 and `::1`, the former also in the shape that sockets for both families give it.
fn is_local(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V10: what counts as this machine.
    #[test]
    fn loopback_in_every_shape_is_local_and_nothing_else_is() {
        let local = |address: &str| is_local(address.parse().expect("an address"));
        for address in ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:127.9.9.9"] {
            assert!(local(address), "{address}");
        }
        for address in
            ["126.255.255.255", "128.0.0.1", "0.0.0.0", "10.0.0.1", "::", "::2", "::ffff:10.0.0.1", "::127.0.0.1"]
        {
            assert!(!local(address), "{address}");
        }
    }
}
