//! Echo servers of `tower-websock` and its peers, and what measures them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`servers`] | one echo server for each peer and form, in a process of its own |
//! | [`scenario`] | what is sent: sizes, kinds, connections, messages in flight |
//! | [`load`] | the client: handshakes by hand, precomputed frames, verified replies |
//! | [`process`] | the server's process: its CPU time and its private memory |
//! | [`options`] | the command line |
//! | [`program`] | what the measuring programs begin with |
//! | [`rounds`] | every server in turn, round after round |
//! | [`stats`] | medians and percentiles |
//! | [`report`] | the Markdown tables and the chart |
//! | [`fanout`] | one message to many sockets |
//! | [`growth`] | how cost grows with size, fragments and connections |

#![forbid(unsafe_code)]

pub mod fanout;
pub mod growth;
pub mod load;
pub mod options;
pub mod process;
pub mod program;
pub mod report;
pub mod rounds;
pub mod scenario;
pub mod servers;
pub mod stats;

/// Whatever ends a measurement early.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
