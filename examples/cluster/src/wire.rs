//! What client and node say to each other, as JSON.

use serde::{Deserialize, Serialize, Serializer};
use tower_websock::{Message, PreparedMessage};

use crate::id::Id;

/// What a client sends: something to publish.
#[derive(Deserialize)]
pub(crate) struct Post {
    /// The client counts its messages from 1, and sends each again under the same number until it
    /// is acknowledged.
    pub(crate) n: u64,
    pub(crate) text: String,
}

/// What a node sends.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum News<'a> {
    /// The first: who serves this socket.
    Hello {
        node: &'a str,
        room: &'a str,
        /// `redis` or `memory`.
        log: &'a str,
    },
    /// Something was published. All of a room's clients get it, its author too.
    Message {
        #[serde(serialize_with = "as_text")]
        id: Id,
        from: &'a str,
        text: &'a str,
        /// Who published it.
        node: &'a str,
    },
    /// The log has this message of yours. There is no id if it had it already.
    Ack {
        n: u64,
        #[serde(serialize_with = "as_text_or_null")]
        id: Option<Id>,
    },
    /// It does not have it. Send it again, and all that you have sent since.
    Refused {
        n: u64,
        reason: &'a str,
        /// The last of yours that it has, if it was asked.
        last: Option<u64>,
    },
    /// The log does not reach back to what you had last. What follows is what there is.
    Gap,
    /// Who is in the room, on all nodes.
    Here { names: &'a [String] },
}

impl News<'_> {
    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are JSON")
    }

    pub(crate) fn to_message(&self) -> Message {
        Message::text(self.to_json())
    }

    /// For many.
    pub(crate) fn to_prepared(&self) -> PreparedMessage {
        PreparedMessage::text(self.to_json())
    }
}

fn as_text<S: Serializer>(id: &Id, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

// What serde asks for.
#[allow(clippy::ref_option)]
fn as_text_or_null<S: Serializer>(id: &Option<Id>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}
