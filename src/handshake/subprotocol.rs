//! `Sec-WebSocket-Protocol` in requests (RFC 6455, sections 4.1 item 10 and 11.3.4).

use http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL};

use super::Rejection;
use crate::{config::Subprotocol, wire::fields};

/// The offered subprotocols in the client's order of preference.
pub(super) fn offered(headers: &HeaderMap) -> Result<Vec<Subprotocol>, Rejection> {
    if !fields::is_present(headers, SEC_WEBSOCKET_PROTOCOL) {
        return Ok(Vec::new());
    }
    let offered: Vec<_> = fields::elements(headers, SEC_WEBSOCKET_PROTOCOL)
        .map(Subprotocol::from_bytes)
        .collect::<Result<_, _>>()
        .map_err(|_| Rejection::Subprotocols)?;
    // 4.1 item 10: one or more, all unique.
    let mut names: Vec<&str> = offered.iter().map(Subprotocol::as_str).collect();
    names.sort_unstable();
    if names.is_empty() || names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Rejection::Subprotocols);
    }
    Ok(offered)
}
