//! Tunnels through proxies: by HTTP CONNECT (RFC 9110, section 9.3.6) and by SOCKS 5 (RFC 1928).

mod choice;
mod credentials;
mod environment;
mod error;
mod exemptions;
mod invalid;
mod kind;
mod server;
mod socks5;
mod tunnel;
mod url;

#[cfg(test)]
mod tests;

pub use self::{choice::Proxy, error::ProxyError, invalid::InvalidProxy};
