//! Connections to Unix sockets.

use std::{io, path::Path, time::Duration};

use tokio::{net::UnixStream, time::sleep};

use super::told::told;

/// How soon to try again where too many wait already.
const AGAIN: Duration = Duration::from_millis(5);

/// Waits as long as the listener's queue is full.
///
/// # Errors
///
/// Tells the path, and why it cannot be connected to.
pub(super) async fn connect(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            // Linux, which does not tell when there is room.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(AGAIN).await,
            connected => return connected.map_err(|error| told(path.display(), &error)),
        }
    }
}
