//! One message to many sockets: see README.md.
//!
//! | module | what it holds |
//! |---|---|
//! | [`scenario`] | how many sockets, compressed or not, how many of them wedged |
//! | [`messages`] | what is published |
//! | [`servers`] | a server for each way to publish, in a process of its own |
//! | [`publisher`] | what tells a server to publish |
//! | [`reader`] | what one socket has received, verified |
//! | [`crowd`] | the sockets of a server, in one thread |
//! | [`driver`] | the process beside a server, which holds the crowd and measures |
//! | [`figures`] | what was measured |
//! | [`rounds`] | every server in turn, round after round |
//! | [`options`] | the command line |
//! | [`report`] | the tables |

pub mod crowd;
pub mod driver;
pub mod figures;
pub mod messages;
pub mod options;
pub mod publisher;
pub mod reader;
pub mod report;
pub mod rounds;
pub mod scenario;
pub mod servers;
