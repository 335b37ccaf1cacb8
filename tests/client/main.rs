//! The client's side (RFC 6455, section 4.1).

mod answers;
#[cfg(target_os = "linux")]
mod black_holes;
#[cfg(feature = "rustls")]
mod certificates;
mod examples;
mod handshake;
mod proxies;
mod reconnecting;
mod redirects;
mod refusals;
mod requests;
mod servers;
mod site;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod transports;
mod tunnels;
#[cfg(feature = "rustls")]
mod wss;
