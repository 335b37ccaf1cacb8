//! What a client has missed, and then what is new, without a gap and without a double.

use std::time::Duration;

use tokio::time::timeout;
use tower_websock::{Error, Subscription, WebSocket};

use crate::{
    id::Id,
    log::Away,
    node::Node,
    room::{Entry, Room, Step},
    wire::News,
};

/// Entries that are asked of the log at once.
const PAGE: usize = 256;
/// How long this node may take to read what another one has read, before the log is asked.
const BEHIND: Duration = Duration::from_millis(500);

/// Why somebody cannot join.
pub(crate) enum NotJoined {
    /// What it has missed cannot be had now.
    Away,
    Gone(Error),
}

/// Sends what comes after `after`, or the newest entries. As long as the subscription is kept,
/// the client then gets what is published.
pub(crate) async fn join(
    socket: &mut WebSocket,
    node: &Node,
    room: &Room,
    after: Option<Id>,
) -> Result<Subscription, NotJoined> {
    let mut at = after.unwrap_or_else(|| room.recent());
    // Somebody who wants all that there is misses nothing.
    let mut is_checked = at == Id::ZERO;
    loop {
        let grown = room.grown();
        match room.step(at, socket) {
            Step::Live(subscription) => return Ok(subscription),
            Step::Send(entries) => at = send(socket, at, entries).await?,
            Step::Older { until } => {
                let Some(log) = &node.log else {
                    gap(socket).await?;
                    at = until;
                    continue;
                };
                if !is_checked && !log.reaches(&room.name, at).await? {
                    gap(socket).await?;
                }
                is_checked = true;
                let page = log.between(&room.name, at, until, PAGE).await?;
                let is_last = page.len() < PAGE;
                at = send(socket, at, page).await?;
                if is_last {
                    at = until;
                }
            }
            Step::Ahead if timeout(BEHIND, grown).await.is_ok() => {}
            Step::Ahead => {
                let newest = match &node.log {
                    Some(log) => log.newest(&room.name, 1).await?.pop().map(|entry| entry.id),
                    None => Some(room.last()),
                };
                // The log was lost, or this is not from this log.
                if newest.is_none_or(|newest| newest < at) {
                    gap(socket).await?;
                    at = room.recent();
                }
            }
        }
    }
}

/// Returns the id of the last.
async fn send(socket: &mut WebSocket, mut at: Id, entries: Vec<Entry>) -> Result<Id, Error> {
    for entry in entries {
        at = entry.id;
        socket.send_prepared(&entry.message).await?;
    }
    Ok(at)
}

async fn gap(socket: &mut WebSocket) -> Result<(), Error> {
    socket.send(News::Gap.to_message()).await
}

impl From<Error> for NotJoined {
    fn from(error: Error) -> Self {
        Self::Gone(error)
    }
}

impl From<Away> for NotJoined {
    fn from(Away: Away) -> Self {
        Self::Away
    }
}
