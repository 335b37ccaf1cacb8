//! In which order addresses are tried (RFC 8305, section 4).

use std::{collections::VecDeque, net::SocketAddr};

/// The families in turn, that of the first address first, each in the order of the lookup, which has
/// sorted them by RFC 6724. An address that comes twice is tried once.
pub(super) fn interleaved(found: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut found = found.into_iter().peekable();
    let first_is_ipv6 = found.peek().is_some_and(SocketAddr::is_ipv6);
    let (mut now, mut next): (VecDeque<_>, VecDeque<_>) =
        found.partition(|address| address.is_ipv6() == first_is_ipv6);
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
