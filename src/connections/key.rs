//! Whose a connection is.

use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

/// What connections are counted by, for [`max_per_key`](crate::Connections::max_per_key): an IP
/// address, a number, or a text such as a user's name.
///
/// Keys of different kinds are different: the number 7 is not the text "7".
///
/// An address stands for whoever has it:
///
/// - an IPv6 address for its whole /64, since a single client can use all of that,
/// - an IPv4 address that is mapped into IPv6 (`::ffff:192.0.2.1`) for the IPv4 address,
/// - a [`SocketAddr`] for its address, without the port.
///
/// ```
/// use std::net::IpAddr;
/// use tower_websock::ConnectionKey;
///
/// let key = |address: &str| ConnectionKey::from(address.parse::<IpAddr>().unwrap());
/// assert_eq!(key("2001:db8::1"), key("2001:db8::2"));
/// assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
/// assert_eq!(key("2001:db8::1").to_string(), "2001:db8::/64");
/// ```
///
/// To count each IPv6 address by itself, use its text: `ConnectionKey::from(ip.to_string())`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionKey(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    V4(Ipv4Addr),
    /// The upper half of an address.
    V6(u64),
    Number(u64),
    Text(Arc<str>),
}

impl From<Ipv4Addr> for ConnectionKey {
    fn from(address: Ipv4Addr) -> Self {
        Self(Kind::V4(address))
    }
}

impl From<Ipv6Addr> for ConnectionKey {
    fn from(address: Ipv6Addr) -> Self {
        match address.to_ipv4_mapped() {
            Some(address) => address.into(),
            None => Self(Kind::V6((address.to_bits() >> 64) as u64)),
        }
    }
}

impl From<IpAddr> for ConnectionKey {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => address.into(),
        }
    }
}

impl From<SocketAddr> for ConnectionKey {
    fn from(address: SocketAddr) -> Self {
        address.ip().into()
    }
}

impl From<u64> for ConnectionKey {
    fn from(number: u64) -> Self {
        Self(Kind::Number(number))
    }
}

impl From<Arc<str>> for ConnectionKey {
    fn from(text: Arc<str>) -> Self {
        Self(Kind::Text(text))
    }
}

impl From<&str> for ConnectionKey {
    fn from(text: &str) -> Self {
        Arc::<str>::from(text).into()
    }
}

impl From<String> for ConnectionKey {
    fn from(text: String) -> Self {
        Arc::<str>::from(text).into()
    }
}

impl From<Cow<'_, str>> for ConnectionKey {
    fn from(text: Cow<'_, str>) -> Self {
        Arc::<str>::from(text).into()
    }
}

impl fmt::Display for ConnectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::V4(address) => address.fmt(f),
            Kind::V6(network) => {
                let address = Ipv6Addr::from_bits(u128::from(*network) << 64);
                write!(f, "{address}/64")
            }
            Kind::Number(number) => number.fmt(f),
            Kind::Text(text) => f.write_str(text),
        }
    }
}
