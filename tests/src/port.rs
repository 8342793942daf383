//! A loopback port for a server that is told which one to take, and may be started there again.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use anyhow::Context;

/// Below those that the system gives to outgoing connections, so that none of them takes it meanwhile.
const RANGE: std::ops::Range<u16> = 10_240..32_000;
const TRIES: usize = 1_000;

/// A port nobody else draws as long as this is kept, in whatever process: its number is also that of a datagram socket, which nobody
/// sends to and only one can have.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _claim: UdpSocket,
}

impl Port {
    pub fn draw() -> anyhow::Result<Self> {
        let mut tried = (0..TRIES).map(|_| fastrand::u16(RANGE));
        tried.find_map(Self::claim).context("no port is free")
    }

    /// None where somebody else has it.
    fn claim(number: u16) -> Option<Self> {
        let claim = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        // Let go of at once: the server is to have it.
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        Some(Self { number, _claim: claim })
    }

    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_drawn_once_as_long_as_it_is_kept_and_is_there_for_a_server() -> anyhow::Result<()> {
        let port = Port::draw()?;
        assert!(RANGE.contains(&port.number()));
        assert!(Port::claim(port.number()).is_none(), "it is ours, though nobody listens yet");
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number()))?;
        let number = port.number();
        drop(port);
        assert!(Port::claim(number).is_none(), "somebody listens there");
        drop(server);
        Ok(())
    }
}
