//! How a server is reached.

#[cfg(unix)]
use std::path::Path;

#[cfg(unix)]
use super::unix;
use super::{
    proxy::Proxy,
    tcp::{connect, lookup},
    tls::Tls,
    transport::Transport,
};
use crate::{
    client::{Error, deadline::Deadline, stage::Stage},
    handshake::Target,
};

/// How transports are opened: what a user set.
#[derive(Clone, Debug, Default)]
pub(in crate::client) struct Dialer {
    pub(in crate::client) tls: Tls,
    pub(in crate::client) proxy: Option<Proxy>,
}

impl Dialer {
    /// Connects to the target, with TLS if its scheme asks for it.
    pub(in crate::client) async fn open(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Transport, Error> {
        let reach = self.reach(target, deadline);
        // On the heap, for as long as it takes: a task keeps room for all that it ever awaits.
        Box::pin(self.secured(target, deadline, reach)).await
    }

    /// As [`open`](Self::open), over the Unix socket at this path.
    #[cfg(unix)]
    pub(in crate::client) async fn open_unix(
        &self,
        path: &Path,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Transport, Error> {
        let reach = async {
            let connecting = unix::connect(path);
            let connected = deadline.during(Stage::Connect, connecting).await?;
            connected.map(Transport::boxed).map_err(Error::Connect)
        };
        Box::pin(self.secured(target, deadline, reach)).await
    }

    /// What `reach` connects to, with TLS if the target's scheme asks for it.
    async fn secured(
        &self,
        target: &Target,
        deadline: Deadline,
        reach: impl Future<Output = Result<Transport, Error>>,
    ) -> Result<Transport, Error> {
        if !target.is_secure() {
            return reach.await;
        }
        let (host, _) = target.address();
        // First, so that nobody is bothered if it fails.
        let connector = self.tls.connector(host);
        let tls = deadline.during(Stage::Tls, connector).await?;
        let tls = tls.map_err(Error::Tls)?;
        let io = reach.await?;
        let secured = deadline.during(Stage::Tls, tls.connect(io)).await?;
        secured.map_err(Error::Tls)
    }

    async fn reach(&self, target: &Target, deadline: Deadline) -> Result<Transport, Error> {
        let proxy = self.proxy.as_ref().and_then(|proxy| proxy.to(target));
        if let Some((server, credentials)) = proxy {
            let opening = server.open(target, credentials, &self.tls);
            let opened = deadline.during(Stage::Proxy, opening).await?;
            return opened.map_err(Error::Proxy);
        }
        let (host, port) = target.address();
        let found = deadline.during(Stage::Lookup, lookup(host, port)).await?;
        let addresses = found.map_err(Error::Lookup)?;
        let connected = deadline.during(Stage::Connect, connect(addresses)).await?;
        connected.map(Transport::Tcp).map_err(Error::Connect)
    }
}
