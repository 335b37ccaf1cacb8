//! The opening handshake (RFC 6455, section 4.2).

pub(crate) mod heads;
pub(crate) mod requests;
pub(crate) mod values;

use http::{HeaderName, HeaderValue, request::Parts};
use tokio::io::duplex;
use tower_websock::{Config, ProvidedIo, Rejection, WebSocketUpgrade};

type Verdict = Result<(), Rejection>;

/// A handshake that is valid.
fn parts() -> Parts {
    let (mut parts, ()) = crate::support::handshake().into_parts();
    parts.extensions.insert(ProvidedIo::new(duplex(1).0));
    parts
}

/// The handshake with a value for all there is of a header.
fn with(name: &HeaderName, value: &[u8]) -> Parts {
    let mut parts = parts();
    let value = HeaderValue::from_bytes(value).unwrap();
    parts.headers.insert(name, value);
    parts
}

/// Checks and accepts a handshake, with compression.
fn verdict(mut parts: Parts) -> Verdict {
    let upgrade = WebSocketUpgrade::from_parts(&mut parts)?;
    upgrade.config(compressing()).accept::<()>().map(drop)
}

#[cfg(feature = "deflate")]
fn compressing() -> Config {
    Config::new().deflate(tower_websock::DeflateConfig::new())
}

#[cfg(not(feature = "deflate"))]
fn compressing() -> Config {
    Config::new()
}
