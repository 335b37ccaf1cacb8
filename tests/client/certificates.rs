//! A certificate authority, and servers that it certifies.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{HandshakeKind, ServerConfig},
    server::TlsStream,
};
use tower_websock::WebSocketService;

use crate::support::echo;

/// How many there are.
static AUTHORITIES: AtomicUsize = AtomicUsize::new(0);

/// Signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // Two authorities of one name would be one with two keys.
        let serial = AUTHORITIES.fetch_add(1, Ordering::Relaxed);
        params
            .distinguished_name
            .push(DnType::CommonName, format!("authority {serial}"));
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// What clients trust.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server for these names.
    pub(crate) fn server(&self, names: &[&str]) -> ServerConfig {
        let names: Vec<_> = names.iter().copied().map(str::to_owned).collect();
        self.certify(&CertificateParams::new(names).unwrap())
    }

    /// A server for what is in `params`.
    pub(crate) fn certify(&self, params: &CertificateParams) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], key.into())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}

/// What a server saw of a client's TLS.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) name: Option<String>,
    pub(crate) protocol: Option<Vec<u8>>,
    pub(crate) is_resumed: bool,
}

impl Seen {
    fn of<T>(io: &TlsStream<T>) -> Self {
        let (_, tls) = io.get_ref();
        Self {
            name: tls.server_name().map(str::to_owned),
            protocol: tls.alpn_protocol().map(<[u8]>::to_vec),
            is_resumed: tls.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }
}

/// A server that echoes messages over TLS at 127.0.0.1.
pub(crate) async fn serve(config: ServerConfig) -> (SocketAddr, UnboundedReceiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (sender, seen) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            tokio::spawn(echo_over(io, acceptor.clone(), sender.clone()));
        }
    });
    (address, seen)
}

/// The same over one connection.
pub(crate) async fn echo_over(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    acceptor: TlsAcceptor,
    seen: UnboundedSender<Seen>,
) {
    // Clients that trust nobody leave.
    let Ok(io) = acceptor.accept(io).await else {
        return;
    };
    let _ = seen.send(Seen::of(&io));
    let service = TowerToHyperService::new(WebSocketService::new(echo));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
    let _ = connection.with_upgrades().await;
}
