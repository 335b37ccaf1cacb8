//! The way to a server.

use super::{
    dial::{connect, lookup},
    proxy::Proxy,
    tls::Tls,
    transport::Transport,
};
use crate::{
    client::{Error, pending::Deadline, stage::Stage},
    handshake::Target,
};

/// What a user set of the way.
#[derive(Clone, Debug, Default)]
pub(in crate::client) struct Route {
    pub(in crate::client) tls: Tls,
    pub(in crate::client) proxy: Option<Proxy>,
}

impl Route {
    /// Connects to the target, with TLS if its scheme asks for it.
    pub(in crate::client) async fn open(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Transport, Error> {
        self.secured(target, deadline, self.reach(target, deadline))
            .await
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
        let tls = deadline
            .during(Stage::Tls, self.tls.connector(host))
            .await?;
        let tls = tls.map_err(Error::Tls)?;
        let io = reach.await?;
        let secured = deadline.during(Stage::Tls, tls.connect(io)).await?;
        secured.map_err(Error::Tls)
    }

    async fn reach(&self, target: &Target, deadline: Deadline) -> Result<Transport, Error> {
        let proxy = self.proxy.as_ref().and_then(|proxy| proxy.to(target));
        if let Some((server, credentials)) = proxy {
            let opened = server.open(target, credentials, &self.tls);
            return deadline
                .during(Stage::Proxy, opened)
                .await?
                .map_err(Error::Proxy);
        }
        let (host, port) = target.address();
        let found = deadline.during(Stage::Lookup, lookup(host, port)).await?;
        let addresses = found.map_err(Error::Lookup)?;
        let connected = deadline.during(Stage::Connect, connect(addresses)).await?;
        connected.map(Transport::Tcp).map_err(Error::Connect)
    }
}

#[cfg(unix)]
mod unix {
    use std::path::Path;

    use tokio::net::UnixStream;

    use super::{Deadline, Error, Route, Stage, Target, Transport};

    impl Route {
        /// As [`open`](Self::open), over the Unix socket at this path.
        pub(in crate::client) async fn open_unix(
            &self,
            path: &Path,
            target: &Target,
            deadline: Deadline,
        ) -> Result<Transport, Error> {
            let reach = async {
                let connected = deadline
                    .during(Stage::Connect, UnixStream::connect(path))
                    .await?;
                connected.map(Transport::boxed).map_err(Error::Connect)
            };
            self.secured(target, deadline, reach).await
        }
    }
}
