//! TCP connections to hosts.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use tokio::net::{TcpStream, lookup_host};

use super::{addresses::interleaved, race::race, told::told};

/// The addresses of a host, in the order in which they are to be tried. One that is an address
/// already is not looked up.
///
/// # Errors
///
/// Tells the host, and why it has no address.
pub(super) async fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = lookup_host((host, port)).await;
    let found = interleaved(found.map_err(|error| told(host, &error))?);
    if found.is_empty() {
        let error = io::Error::new(io::ErrorKind::NotFound, "it has no address");
        return Err(told(host, &error));
    }
    Ok(found)
}

/// A connection to the first of these that answers.
///
/// # Errors
///
/// If none does: of the kind of the first failure, and it tells all of them.
pub(super) async fn connect(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let raced = race(addresses, TcpStream::connect).await;
    let io = raced.map_err(|failed| all(&failed))?;
    // A connection that is lost already tells so when it is used.
    let _ = io.set_nodelay(true);
    Ok(io)
}

/// One error that names every address and what became of it.
fn all(failed: &[(SocketAddr, io::Error)]) -> io::Error {
    let kind = failed
        .first()
        .map_or(io::ErrorKind::NotFound, |(_, error)| error.kind());
    let told: Vec<_> = failed
        .iter()
        .map(|(address, error)| format!("{address}: {error}"))
        .collect();
    io::Error::new(kind, told.join("; "))
}
