//! One proxy.

use super::{ProxyError, credentials::Credentials, kind::Kind, socks5, tunnel::tunnel};
use crate::{
    client::connect::{
        tcp::{connect, lookup},
        tls::Tls,
        transport::{Io, Transport},
    },
    handshake::Target,
};

/// Where a proxy is, and what it speaks.
#[derive(Clone, Debug)]
pub(in crate::client::connect) struct Server {
    kind: Kind,
    host: String,
    port: u16,
    credentials: Option<Credentials>,
}

impl Server {
    pub(super) const fn new(
        kind: Kind,
        host: String,
        port: u16,
        credentials: Option<Credentials>,
    ) -> Self {
        Self {
            kind,
            host,
            port,
            credentials,
        }
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Host and port.
    #[cfg(test)]
    pub(super) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// A tunnel to this target.
    pub(in crate::client::connect) async fn open(
        &self,
        target: &Target,
        credentials: Option<&Credentials>,
        tls: &Tls,
    ) -> Result<Transport, ProxyError> {
        let found = lookup(&self.host, self.port).await;
        let addresses = found.map_err(ProxyError::Connect)?;
        let io = connect(addresses).await.map_err(ProxyError::Connect)?;
        match self.kind {
            Kind::Http => tunnel(io, target, credentials).await.map(Transport::Tcp),
            Kind::Socks5 => {
                let io = socks5::tunnel(io, target.address(), credentials).await;
                io.map(Transport::Tcp)
            }
            Kind::Https => {
                let tls = tls.connector(&self.host).await.map_err(ProxyError::Tls)?;
                let io = tls.connect(Transport::Tcp(io)).await;
                let io: Box<dyn Io> = match io.map_err(ProxyError::Tls)? {
                    Transport::Boxed(io) => io,
                    Transport::Tcp(io) => Box::new(io),
                };
                tunnel(io, target, credentials).await.map(Transport::Boxed)
            }
        }
    }
}
