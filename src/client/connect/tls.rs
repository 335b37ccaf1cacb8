//! TLS by rustls.

use std::sync::{Arc, OnceLock};

use rustls_platform_verifier::BuilderVerifierExt;
use tokio::task::spawn_blocking;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use super::{
    tls_error::TlsError,
    tls_fault::of_handshake,
    transport::{Io, Transport},
};

/// How the connections of `wss://` URIs are secured, and which certificates are trusted.
///
/// Default: [`Tls::platform`]. TLS 1.2 and 1.3 are spoken, and `http/1.1` is offered by ALPN
/// (RFC 7301). The cryptography is the process's default
/// [`CryptoProvider`] if one is installed, and *ring* otherwise.
///
/// Keep one value and clone it: the clones share the sessions that a later connection to the same
/// server resumes. All values from [`Tls::platform`] share theirs.
///
/// To trust a certificate authority of your own:
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_websock::client::{Builder, Tls};
///
/// let tls = Tls::with_ca(&std::fs::read("ca.pem")?)?;
/// let socket = Builder::new().tls(tls).connect("wss://intranet.example/ws").await?;
/// # Ok(())
/// # }
/// ```
///
/// Any other need takes rustls' own `ClientConfig`, from which this converts. If it offers
/// protocols by ALPN, `h2` is taken out, as the connection speaks HTTP/1.1; if none is left,
/// `http/1.1` is offered. A certificate for the client:
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tokio_rustls::rustls::{
///     ClientConfig, RootCertStore,
///     pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
/// };
/// use tower_websock::client::Builder;
///
/// let mut roots = RootCertStore::empty();
/// roots.add(CertificateDer::from_pem_file("ca.pem")?)?;
/// let certificate = CertificateDer::from_pem_file("client.pem")?;
/// let key = PrivateKeyDer::from_pem_file("client.key")?;
/// let config = ClientConfig::builder()
///     .with_root_certificates(roots)
///     .with_client_auth_cert(vec![certificate], key)?;
/// let builder = Builder::new().tls(config);
/// # let _ = builder;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tls(Source);

#[derive(Clone, Debug)]
enum Source {
    Shared(&'static Shared),
    Own(Arc<ClientConfig>),
}

impl Tls {
    /// Trusts what the operating system trusts.
    ///
    /// On Linux and BSD, the certificate authorities are read from the system's files when a
    /// process first needs them; the environment variables `SSL_CERT_FILE` and `SSL_CERT_DIR` name
    /// others. On macOS and Windows, the system itself checks each certificate.
    pub const fn platform() -> Self {
        Self(Source::Shared(&PLATFORM))
    }

    /// Trusts the certificate authorities that Mozilla trusts, as compiled in, whatever the
    /// operating system trusts.
    #[cfg(feature = "webpki-roots")]
    pub const fn webpki_roots() -> Self {
        Self(Source::Shared(&WEBPKI))
    }

    /// Trusts only the certificates in this PEM text: certificate authorities, or servers' own.
    ///
    /// # Errors
    ///
    /// [`TlsError::Roots`] if there is no certificate in it, or a malformed one.
    pub fn with_ca(pem: &[u8]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|error| TlsError::Roots(format!("the PEM text is malformed: {error}")))?;
            roots.add(certificate).map_err(|error| {
                TlsError::Roots(format!(
                    "a certificate of the PEM text is malformed: {error}"
                ))
            })?;
        }
        if roots.is_empty() {
            let problem = "there is no certificate in the PEM text";
            return Err(TlsError::Roots(problem.to_owned()));
        }
        let config = trusting(roots).map_err(|error| roots_error(&error))?;
        Ok(Self(Source::Own(config)))
    }

    /// What makes connections to this host.
    pub(super) async fn connector(&self, host: &str) -> Result<Connector, TlsError> {
        // RFC 6066, section 3: without the dot at its end, which means that the name is absolute.
        let name = host.strip_suffix('.').unwrap_or(host);
        let name = ServerName::try_from(name.to_owned());
        let name = name.map_err(|_| TlsError::Host(host.to_owned()))?;
        let config = match &self.0 {
            Source::Own(config) => config.clone(),
            Source::Shared(shared) => shared.load().await?,
        };
        let tls = config.into();
        Ok(Connector { tls, name })
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self::platform()
    }
}

impl From<ClientConfig> for Tls {
    fn from(config: ClientConfig) -> Self {
        Self(Source::Own(offering(config)))
    }
}

impl From<Arc<ClientConfig>> for Tls {
    fn from(config: Arc<ClientConfig>) -> Self {
        // A copy shares the sessions to resume.
        Self::from(Arc::unwrap_or_clone(config))
    }
}

/// A configuration that all values share, so that each resumes the sessions of others.
#[derive(Debug)]
struct Shared {
    loaded: OnceLock<Arc<ClientConfig>>,
    load: fn() -> Result<Arc<ClientConfig>, rustls::Error>,
}

static PLATFORM: Shared = Shared::new(|| {
    let config = builder()?.with_platform_verifier()?.with_no_client_auth();
    Ok(offering(config))
});

#[cfg(feature = "webpki-roots")]
static WEBPKI: Shared =
    Shared::new(|| trusting(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()));

impl Shared {
    const fn new(load: fn() -> Result<Arc<ClientConfig>, rustls::Error>) -> Self {
        Self {
            loaded: OnceLock::new(),
            load,
        }
    }

    /// The first time, this may read files, elsewhere than here.
    async fn load(&'static self) -> Result<Arc<ClientConfig>, TlsError> {
        if let Some(config) = self.loaded.get() {
            return Ok(config.clone());
        }
        // Kept even if nobody waits for it any more.
        let loaded = spawn_blocking(|| {
            let config = (self.load)()?;
            Ok(self.loaded.get_or_init(|| config).clone())
        });
        let loaded = loaded.await;
        let loaded = loaded.map_err(|lost| TlsError::Roots(lost.to_string()))?;
        loaded.map_err(|error: rustls::Error| roots_error(&error))
    }
}

fn trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let config = builder()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(offering(config))
}

/// RFC 7301: with a protocol that the handshake can be spoken by.
fn offering(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.alpn_protocols.retain(|name| name != b"h2");
    if config.alpn_protocols.is_empty() {
        config.alpn_protocols.push(b"http/1.1".to_vec());
    }
    Arc::new(config)
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error> {
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(ring::default_provider()));
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

fn roots_error(error: &rustls::Error) -> TlsError {
    TlsError::Roots(match error {
        // As the platform's verifier says it.
        rustls::Error::General(problem) => problem.clone(),
        error => error.to_string(),
    })
}

/// Secures transports to one host.
pub(super) struct Connector {
    tls: TlsConnector,
    name: ServerName<'static>,
}

impl Connector {
    /// Shakes hands for TLS.
    pub(super) async fn connect(self, io: Transport) -> Result<Transport, TlsError> {
        match io {
            Transport::Tcp(io) => self.secure(io).await,
            Transport::Boxed(io) => self.secure(io).await,
        }
    }

    async fn secure(self, io: impl Io + 'static) -> Result<Transport, TlsError> {
        let secured = self.tls.connect(self.name, io).await;
        secured.map(Transport::boxed).map_err(of_handshake)
    }
}
