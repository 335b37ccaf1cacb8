//! The kinds of connections: what each does, and how it must end.
//!
//! A connection's address says of which kind it is, and so does the path of a WebSocket: so the
//! server's books and the load's can be compared kind by kind.

use std::net::{IpAddr, Ipv4Addr};

use crate::options::Mode;

/// How long a server of ours waits for a first request, in seconds; hyper for the rest of a head.
const REQUEST: u64 = 30;
/// `Config::message_timeout`, in seconds.
pub(crate) const MESSAGE: u64 = 20;
/// `Config::write_timeout`, in seconds.
pub(crate) const WRITE: u64 = 20;
/// The defaults of keep-alive, both together, in seconds.
const SILENCE: u64 = 60;

/// What the server's handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    Echo,
    /// It is subscribed to the topic, and echoes.
    Subscribe,
    /// It echoes once, and closes with 4000.
    Close,
    /// It echoes once, and returns.
    Return,
    /// It echoes once, and fails.
    Fail,
    /// It echoes once, and panics.
    Panic,
    /// It echoes once, and `Connections` closes the connection with 4001.
    ThrownOut,
    /// It sends 256 KiB, and echoes.
    Serve,
    /// It sends until that fails.
    Flood,
}

/// What the client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    /// Waits for the end, and answers pings.
    Idle,
    /// Echoes, and waits between them.
    Busy,
    /// Receives what is published, in order.
    Subscriber,
    /// Sends pings.
    Pings,
    /// Sends a Close after an echo, with this code.
    Close(Option<u16>),
    /// Sends a message, and is closed by the server.
    Closed,
    /// Ends its side after an echo.
    Ends,
    /// Resets after an echo.
    Resets,
    /// Resets in the middle of a message.
    ResetsInMessage,
    /// Resets without waiting for the answer to its request.
    Leaves,
    /// Sends this, and is told that it is wrong.
    Wrong(Wrong),
    /// Sends a Close, and messages behind it.
    Flood,
    /// A message in 20 pieces with pings between them.
    Fragments,
    /// A message of 256 KiB.
    Big,
    /// Takes 256 KiB slowly.
    Slow,
    /// Does not read.
    Wedged,
    /// Reads, and answers no ping.
    Dead,
    /// Begins a message, and sends a byte now and then.
    Drips,
    /// A request that is not a handshake.
    Refused,
    /// Sends this before any request, and leaves.
    Begins(Begin),
    /// Sends this before any request, and waits for the server to end it.
    Waits(Begin),
    /// A transport of HTTP/2 of its own is reset or ended with a stream open.
    Carrier(CarrierEnd),
    /// The transports that the streams of others share.
    Shared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Garbage,
    Utf8,
    TooLarge,
    Bomb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    Nothing,
    Half,
    Garbage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CarrierEnd {
    Reset,
    End,
}

/// How many of a kind's connections get as far as a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opens {
    All(Handler),
    Some(Handler),
    None,
}

pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) opens: Opens,
    pub(crate) script: Script,
    /// Of all that come and go, how many.
    pub(crate) share: u32,
    /// How long it may take, in seconds, on a machine that is not busy.
    pub(crate) life: u64,
    /// What the server may record: of the WebSocket, or of HTTP if there is none.
    pub(crate) server: &'static [&'static str],
    /// What the client may see.
    pub(crate) client: &'static [&'static str],
}

const fn kind(
    name: &'static str,
    opens: Opens,
    script: Script,
    (share, life): (u32, u64),
    server: &'static [&'static str],
    client: &'static [&'static str],
) -> Kind {
    Kind {
        name,
        opens,
        script,
        share,
        life,
        server,
        client,
    }
}

const ECHO: Opens = Opens::All(Handler::Echo);
const LOST: &[&str] = &["lost: the transport ended"];
const BY_PEER: &[&str] = &["closed by the peer, 1000"];
const CLOSE: &[&str] = &["Close 1000"];
const LEFT: &[&str] = &["left"];
const CUT: &[&str] = &["end", "reset"];
/// HTTP as it should be; what hyper says of a client that left depends on when it did.
const SERVED: &[&str] = &["served"];
const ANY: &[&str] = &["served", "failed"];
const THROWN_OUT: &[&str] = &["failed"];

#[rustfmt::skip]
pub(crate) const KINDS: &[Kind] = &[
    // These stay, until the server is drained.
    kind("idle, stays", ECHO, Script::Idle, (0, 1), &["closed by the server, 1001"], &["Close 1001"]),
    // The Close may come between a message and its echo, which fails.
    kind("echoes, stays", ECHO, Script::Busy, (0, 1), &["closed by the server, 1001", "closed by the server, 1001, handler failed"], &["Close 1001"]),
    kind("subscribed, stays", Opens::All(Handler::Subscribe), Script::Subscriber, (0, 1), &["closed by the server, 1001"], &["Close 1001"]),
    kind("pings, stays", ECHO, Script::Pings, (0, 1), &["closed by the server, 1001"], &["Close 1001"]),
    // Those come and go.
    kind("closes with 1000", ECHO, Script::Close(Some(1000)), (180, 1), BY_PEER, CLOSE),
    kind("closes without a code", ECHO, Script::Close(None), (30, 1), &["closed by the peer, 1005"], &["Close 1005"]),
    kind("is closed by its handler", Opens::All(Handler::Close), Script::Closed, (100, 1), &["closed by the server, 4000"], &["Close 4000"]),
    kind("its handler returns", Opens::All(Handler::Return), Script::Closed, (60, 1), &["closed by the server, 1000"], CLOSE),
    kind("its handler fails", Opens::All(Handler::Fail), Script::Closed, (30, 1), &["closed by the server, 1011, handler failed"], &["Close 1011"]),
    kind("its handler panics", Opens::All(Handler::Panic), Script::Closed, (20, 1), &["closed by the server, 1011, handler panicked"], &["Close 1011"]),
    kind("is thrown out", Opens::All(Handler::ThrownOut), Script::Closed, (30, 1), &["closed by the server, 4001"], &["Close 4001"]),
    kind("ends without a Close", ECHO, Script::Ends, (80, 1), LOST, &["end"]),
    kind("resets", ECHO, Script::Resets, (100, 1), LOST, LEFT),
    kind("resets inside a message", ECHO, Script::ResetsInMessage, (50, 1), LOST, LEFT),
    kind("resets after its request", Opens::Some(Handler::Echo), Script::Leaves, (20, 1), &["lost: the transport ended", "not opened"], LEFT),
    kind("sends garbage", ECHO, Script::Wrong(Wrong::Garbage), (60, 1), &["failed, 1002"], &["Close 1002"]),
    kind("sends text that is none", ECHO, Script::Wrong(Wrong::Utf8), (30, 1), &["failed, 1007"], &["Close 1007"]),
    kind("sends too much", ECHO, Script::Wrong(Wrong::TooLarge), (20, 1), &["failed, 1009"], &["Close 1009"]),
    kind("sends a bomb", ECHO, Script::Wrong(Wrong::Bomb), (20, 1), &["failed, 1009"], &["Close 1009"]),
    kind("closes, then floods", ECHO, Script::Flood, (20, 1), BY_PEER, CLOSE),
    kind("sends fragments and pings", ECHO, Script::Fragments, (60, 1), BY_PEER, CLOSE),
    kind("sends 256 KiB", ECHO, Script::Big, (20, 1), BY_PEER, CLOSE),
    kind("reads slowly", Opens::All(Handler::Serve), Script::Slow, (20, 4), BY_PEER, CLOSE),
    kind("never reads", Opens::All(Handler::Flood), Script::Wedged, (5, 2 * WRITE), &["lost: the peer took no output in time (write_timeout)"], CUT),
    kind("never answers a ping", ECHO, Script::Dead, (5, SILENCE), &["lost: nothing came from the peer in time (keep_alive)"], CUT),
    kind("drips", ECHO, Script::Drips, (5, MESSAGE), &["failed, 1008"], &["Close 1008"]),
    kind("is refused", Opens::None, Script::Refused, (20, 1), SERVED, &["426", "400"]),
    kind("connects and leaves", Opens::None, Script::Begins(Begin::Nothing), (30, 2), ANY, LEFT),
    kind("connects, says nothing", Opens::None, Script::Waits(Begin::Nothing), (10, REQUEST), THROWN_OUT, CUT),
    kind("half a request, leaves", Opens::None, Script::Begins(Begin::Half), (30, 2), ANY, LEFT),
    kind("half a request, no more", Opens::None, Script::Waits(Begin::Half), (10, REQUEST), ANY, CUT),
    kind("no request at all", Opens::None, Script::Waits(Begin::Garbage), (20, 1), ANY, CUT),
    kind("its HTTP/2 is reset", ECHO, Script::Carrier(CarrierEnd::Reset), (20, 1), LOST, LEFT),
    kind("its HTTP/2 ends", ECHO, Script::Carrier(CarrierEnd::End), (10, 1), LOST, LEFT),
    kind("HTTP/2 of all others", Opens::None, Script::Shared, (0, 1), ANY, LEFT),
];

/// The index of what has this script.
pub(crate) fn index_of(script: Script) -> usize {
    let found = KINDS.iter().position(|kind| kind.script == script);
    found.expect("a kind of this script")
}

impl Kind {
    pub(crate) fn is_in(&self, mode: Mode) -> bool {
        match self.script {
            Script::Wrong(Wrong::Bomb) => mode == Mode::Compressed,
            Script::Carrier(_) | Script::Shared => mode == Mode::Http2,
            _ => true,
        }
    }

    /// Whether each of them has a TCP connection of its own.
    pub(crate) fn has_tcp(&self, mode: Mode) -> bool {
        match self.script {
            Script::Begins(_) | Script::Waits(_) | Script::Carrier(_) | Script::Shared => true,
            _ => mode != Mode::Http2,
        }
    }

    /// Whether it stays until the server is drained.
    pub(crate) const fn stays(&self) -> bool {
        matches!(
            self.script,
            Script::Idle | Script::Busy | Script::Subscriber | Script::Pings
        )
    }
}

/// Where the `n`-th connection of a kind comes from: many addresses have many ports.
pub(crate) fn address(kind: usize, n: u64) -> IpAddr {
    let kind = u8::try_from(kind).expect("few kinds");
    let host = u8::try_from(n % 250).expect("below 250");
    Ipv4Addr::new(127, 0, kind + 1, host + 1).into()
}

/// Of which kind what comes from there is.
pub(crate) fn kind_of_address(address: IpAddr) -> Option<usize> {
    match address {
        IpAddr::V4(address) => usize::from(address.octets()[2]).checked_sub(1),
        IpAddr::V6(_) => None,
    }
    .filter(|kind| *kind < KINDS.len())
}

pub(crate) fn path(kind: usize) -> String {
    format!("/ws/{kind}")
}

pub(crate) fn kind_of_path(path: &str) -> Option<usize> {
    let kind = path.strip_prefix("/ws/")?.parse().ok()?;
    (kind < KINDS.len()).then_some(kind)
}
