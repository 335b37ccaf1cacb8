//! The rules of section 4.2, one by one.

#[cfg(feature = "client")]
mod answers;
mod connect;
#[cfg(feature = "deflate")]
mod deflate;
mod entries;
mod extensions;
mod hosts;
#[cfg(feature = "client")]
mod location;
mod nonce;
mod origin;
mod properties;
mod request;
#[cfg(feature = "client")]
mod requests;
mod responses;
mod subprotocols;
#[cfg(feature = "client")]
mod target;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, Version, header, request::Parts};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    Handshake, Opening, OriginPolicy, Rejection, RequestOrigin, accept::acceptance,
    derive_accept_key, is_attempt, is_request, key,
};
use crate::config::{Config, Subprotocol};

const OK: Result<(), Rejection> = Ok(());

/// The RFC's sample of a handshake (1.2).
fn sample() -> Parts {
    Request::get("/chat")
        .header("host", "server.example.com")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
        .body(())
        .unwrap()
        .into_parts()
        .0
}

/// The sample with `lines` for all there is of a header.
fn sample_with<L: AsRef<[u8]>>(name: &HeaderName, lines: &[L]) -> Parts {
    let mut parts = sample();
    parts.headers.remove(name);
    for line in lines {
        let value = HeaderValue::from_bytes(line.as_ref()).unwrap();
        parts.headers.append(name, value);
    }
    parts
}

fn verdict(parts: &Parts) -> Result<(), Rejection> {
    Handshake::check(parts, None).map(drop)
}

/// Each row is the lines of the header in one request.
fn assert_each(name: &HeaderName, rows: &[&[&str]], expected: Result<(), Rejection>) {
    for lines in rows {
        let parts = sample_with(name, lines);
        assert_eq!(verdict(&parts), expected, "{name}: {lines:?}");
    }
}

/// Each row is the header's only line.
fn assert_each_line(name: &HeaderName, rows: &[&str], expected: Result<(), Rejection>) {
    for line in rows {
        assert_each(name, &[&[line]], expected);
    }
}

/// What a policy says of pages of these origins.
fn origin_verdict(policy: &OriginPolicy, host: &str, origins: &[&str]) -> Result<(), Rejection> {
    let mut parts = sample_with(&header::HOST, &[host]);
    for origin in origins {
        let origin = HeaderValue::from_bytes(origin.as_bytes()).unwrap();
        parts.headers.append(header::ORIGIN, origin);
    }
    RequestOrigin::of(&parts).check(policy)
}

/// The subprotocols that were offered.
fn names(handshake: &Handshake) -> Vec<&str> {
    handshake.offered.iter().map(Subprotocol::as_str).collect()
}
