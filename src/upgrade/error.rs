//! Upgrades that were agreed on and did not happen.

use std::{error::Error, fmt};

/// Why the transport was not handed over although the handshake was answered.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpgradeError {
    /// The HTTP connection ended, or is not served with upgrades enabled.
    Http(hyper::Error),
    /// The response was not sent, or the peer did not take it, within
    /// [`upgrade_timeout`](crate::Config::upgrade_timeout).
    TimedOut,
    /// The acceptance was not sent: an outer layer answered in its place, changed its status,
    /// or replaced its body or its extensions. See [`ResponseBody`](crate::ResponseBody).
    NotSent,
    /// The [`ProvidedIo`](crate::ProvidedIo) of the request was used by another request.
    IoTaken,
}

impl fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UpgradeError::Http(_) => "the HTTP connection was not upgraded",
            UpgradeError::TimedOut => "the HTTP connection was not upgraded in time",
            UpgradeError::NotSent => {
                "the acceptance was not sent: another response took its place, or its body or its \
                 extensions were replaced"
            }
            UpgradeError::IoTaken => "the provided IO was used before",
        })
    }
}

impl Error for UpgradeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            UpgradeError::Http(error) => Some(error),
            UpgradeError::TimedOut | UpgradeError::NotSent | UpgradeError::IoTaken => None,
        }
    }
}
