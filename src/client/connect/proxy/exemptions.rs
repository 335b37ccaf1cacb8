//! What is connected to directly: the list `NO_PROXY`, by the rules of curl.

use std::net::IpAddr;

/// A list of hosts.
#[derive(Debug)]
pub(super) struct Exemptions(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    hosts: Hosts,
    /// Any if there is none.
    port: Option<u16>,
}

#[derive(Debug)]
enum Hosts {
    All,
    /// This host, in small letters and without dots around it, and all below it.
    Domain(String),
    /// The addresses that have so many first bits in common with this one.
    Block(IpAddr, u8),
}

impl Exemptions {
    /// Entries are separated by commas or white space.
    pub(super) fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        Self(
            entries
                .filter(|entry| !entry.is_empty())
                .map(Entry::parse)
                .collect(),
        )
    }

    pub(super) fn contain(&self, host: &str, port: u16) -> bool {
        let is_port = |entry: &&Entry| entry.port.is_none_or(|only| only == port);
        self.0
            .iter()
            .filter(is_port)
            .any(|entry| entry.hosts.contain(host))
    }
}

impl Entry {
    fn parse(text: &str) -> Self {
        // An address of IPv6 has colons of its own.
        let split = match text.parse::<IpAddr>() {
            Ok(_) => None,
            Err(_) => text.rsplit_once(':'),
        };
        let with_port = split.and_then(|(hosts, port)| Some((hosts, port.parse().ok()?)));
        match with_port {
            Some((hosts, port)) => Self {
                hosts: Hosts::parse(hosts),
                port: Some(port),
            },
            None => Self {
                hosts: Hosts::parse(text),
                port: None,
            },
        }
    }
}

impl Hosts {
    fn parse(text: &str) -> Self {
        if text == "*" {
            return Self::All;
        }
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, bits.parse().ok()),
            None => (text, Some(128)),
        };
        let address = address.trim_matches(['[', ']']).parse();
        if let (Ok(address), Some(bits)) = (address, bits) {
            return Self::Block(address, bits);
        }
        let domain = text.strip_prefix('*').unwrap_or(text);
        Self::Domain(domain.trim_matches('.').to_ascii_lowercase())
    }

    fn contain(&self, host: &str) -> bool {
        match (self, host.parse::<IpAddr>()) {
            (Self::All, _) => true,
            (Self::Block(block, bits), Ok(address)) => is_within(address, *block, *bits),
            (Self::Domain(domain), Err(_)) => {
                let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
                let above = host.strip_suffix(&**domain);
                !domain.is_empty() && above.is_some_and(|it| it.is_empty() || it.ends_with('.'))
            }
            _ => false,
        }
    }
}

fn is_within(address: IpAddr, block: IpAddr, bits: u8) -> bool {
    match (address, block) {
        (IpAddr::V4(address), IpAddr::V4(block)) => {
            let apart = address.to_bits() ^ block.to_bits();
            apart.leading_zeros() >= u32::from(bits).min(32)
        }
        (IpAddr::V6(address), IpAddr::V6(block)) => {
            let apart = address.to_bits() ^ block.to_bits();
            apart.leading_zeros() >= u32::from(bits).min(128)
        }
        _ => false,
    }
}
