//! In which order addresses are tried (RFC 8305, section 4).

use std::{collections::VecDeque, net::SocketAddr};

/// The families in turn, IPv6 first, each in the order of the lookup, which has sorted them by RFC
/// 6724. An address that comes twice is tried once.
pub(super) fn interleaved(found: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (mut now, mut next): (VecDeque<_>, VecDeque<_>) =
        found.into_iter().partition(SocketAddr::is_ipv6);
    let mut ordered = Vec::with_capacity(now.len() + next.len());
    loop {
        if now.is_empty() {
            std::mem::swap(&mut now, &mut next);
        }
        let Some(address) = now.pop_front() else {
            return ordered;
        };
        if !ordered.contains(&address) {
            ordered.push(address);
            std::mem::swap(&mut now, &mut next);
        }
    }
}
