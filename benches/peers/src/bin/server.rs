//! `server <kind> [--plain]`: one echo server; prints its address.

use peers::{Error, servers::Server};

fn main() -> Result<(), Error> {
    Server::parse(std::env::args().skip(1))?.run()
}
