//! Upgrades that were accepted but did not happen.

use std::{error::Error, fmt};

use crate::wire::WithCauses;

/// Why a connection was not upgraded although its handshake was accepted.
///
/// `Display` includes the cause, so [`source`](std::error::Error::source) is `None`.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpgradeError {
    /// The HTTP connection ended, or is not served with upgrades enabled.
    Http(hyper::Error),
    /// The response was not sent, or the peer did not take it, within
    /// [`upgrade_timeout`](crate::Config::upgrade_timeout).
    TimedOut,
    /// The acceptance was not sent: an outer layer sent another response, changed its status, or
    /// replaced its body or its extensions. See [`ResponseBody`](crate::ResponseBody).
    NotSent,
    /// Another request already used the [`ProvidedIo`](crate::ProvidedIo) of this request.
    IoTaken,
    /// The [`Connections`](crate::Connections) that it belongs to cut it before it opened: see
    /// [`Drain::deadline`](crate::Drain::deadline).
    Cut,
    /// The task was dropped before the connection was upgraded: it was aborted, or its runtime was
    /// shut down. Only [`End::upgrade_error`](crate::End::upgrade_error) can tell of it, and the
    /// event `not opened` with the feature `tracing`.
    Dropped,
}

impl fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UpgradeError::Http(error) => {
                write!(
                    f,
                    "the HTTP connection was not upgraded: {}",
                    WithCauses(error)
                )
            }
            UpgradeError::TimedOut => {
                f.write_str("the HTTP connection was not upgraded within upgrade_timeout")
            }
            UpgradeError::NotSent => f.write_str(
                "the acceptance was not sent: another response took its place, or its body or its \
                 extensions were replaced",
            ),
            UpgradeError::IoTaken => f.write_str("the provided IO was used before"),
            UpgradeError::Cut => f.write_str("the server stopped before the connection was open"),
            UpgradeError::Dropped => {
                f.write_str("the task was dropped before the HTTP connection was upgraded")
            }
        }
    }
}

impl Error for UpgradeError {}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::wire::assert_sentences;

    /// Each variant and what it says, causes included. A reporter that follows the sources adds
    /// nothing.
    #[tokio::test]
    async fn every_error_says_its_cause_once() {
        // Of a request that did not come from a connection.
        let of_hyper = hyper::upgrade::on(Request::new(())).await;
        let rows = [
            (
                UpgradeError::Http(of_hyper.expect_err("there is no connection")),
                "the HTTP connection was not upgraded: no upgrade available",
            ),
            (
                UpgradeError::TimedOut,
                "the HTTP connection was not upgraded within upgrade_timeout",
            ),
            (
                UpgradeError::NotSent,
                "the acceptance was not sent: another response took its place, or its body or its \
                 extensions were replaced",
            ),
            (UpgradeError::IoTaken, "the provided IO was used before"),
            (
                UpgradeError::Cut,
                "the server stopped before the connection was open",
            ),
            (
                UpgradeError::Dropped,
                "the task was dropped before the HTTP connection was upgraded",
            ),
        ];
        assert_sentences::<_, 6>(rows, |error| match error {
            UpgradeError::Http(_) => 0,
            UpgradeError::TimedOut => 1,
            UpgradeError::NotSent => 2,
            UpgradeError::IoTaken => 3,
            UpgradeError::Cut => 4,
            UpgradeError::Dropped => 5,
        });
    }
}
