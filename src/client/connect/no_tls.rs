//! Without the feature `rustls` there is no TLS.

use super::{TlsError, Transport};

#[derive(Clone, Debug, Default)]
pub(in crate::client) struct Tls;

/// There is none.
#[derive(Debug)]
pub(super) enum Connector {}

impl Tls {
    #[expect(clippy::unused_async, reason = "as with TLS")]
    pub(super) async fn connector(&self, _: &str) -> Result<Connector, TlsError> {
        Err(TlsError::NoFeature)
    }
}

impl Connector {
    #[expect(clippy::unused_async, reason = "as with TLS")]
    pub(super) async fn connect(self, _: Transport) -> Result<Transport, TlsError> {
        match self {}
    }
}
