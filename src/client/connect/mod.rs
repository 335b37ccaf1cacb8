//! From a target to a connected transport: a name is looked up, its addresses are raced, a proxy
//! may stand between, and TLS comes last.

mod addresses;
mod dialer;
mod proxy;
mod race;
mod tcp;
#[cfg(feature = "rustls")]
mod tls;
#[cfg(not(feature = "rustls"))]
#[path = "no_tls.rs"]
mod tls;
mod tls_error;
#[cfg(feature = "rustls")]
mod tls_fault;
mod told;
mod transport;
#[cfg(unix)]
mod unix;

#[cfg(test)]
mod tests;

#[cfg(feature = "rustls")]
pub use self::tls::Tls;
pub(super) use self::{dialer::Dialer, transport::Transport};
pub use self::{
    proxy::{InvalidProxy, Proxy, ProxyError},
    tls_error::{CertificateFault, TlsError},
};
