//! Connections to Unix sockets.

use std::{io, path::Path};

use tokio::net::UnixStream;

use super::told::told;

/// # Errors
///
/// Tells the path, and why it cannot be connected to.
pub(super) async fn connect(path: &Path) -> io::Result<UnixStream> {
    let connected = UnixStream::connect(path).await;
    connected.map_err(|error| told(path.display(), &error))
}
