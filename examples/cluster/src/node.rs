//! One of the processes that serve the chat.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    sync::{Notify, futures::Notified},
    time::sleep,
};

use crate::{
    id::Id,
    log::{Away, Draft, Log, Published},
    room::{Entry, Room, lock},
    wire::News,
};

/// Rooms that a node serves at a time.
const ROOMS: usize = 1000;
/// Authors whose last numbers a node keeps that is alone.
const AUTHORS: usize = 100_000;
/// Entries of a room that a node reads first.
const FIRST: usize = 200;
/// How often rooms that nobody is in are looked for.
const SWEEP: Duration = Duration::from_secs(10);

pub(crate) struct Node {
    pub(crate) name: String,
    /// Without it, the node is alone and its memory is the log.
    pub(crate) log: Option<Log>,
    rooms: Mutex<BTreeMap<String, Arc<Room>>>,
    /// Authors' last numbers by room and author, for a node that is alone.
    numbers: Mutex<HashMap<(String, String), u64>>,
    /// There is a room more to read.
    changed: Notify,
    /// Somebody came or went.
    moved: Notify,
}

/// Why a room cannot be served.
pub(crate) enum NoRoom {
    TooMany,
    Away(Away),
}

impl Node {
    pub(crate) fn new(name: String, log: Option<Log>) -> Self {
        Self {
            name,
            log,
            rooms: Mutex::default(),
            numbers: Mutex::default(),
            changed: Notify::new(),
            moved: Notify::new(),
        }
    }

    /// A room, with its newest entries.
    pub(crate) async fn room(&self, name: &str) -> Result<Arc<Room>, NoRoom> {
        let room = {
            let mut rooms = lock(&self.rooms);
            if !rooms.contains_key(name) && rooms.len() >= ROOMS {
                return Err(NoRoom::TooMany);
            }
            let room = rooms.entry(name.into());
            room.or_insert_with(|| Arc::new(Room::new(name))).clone()
        };
        let begin = || async {
            if let Some(log) = &self.log {
                room.begin(log.newest(name, FIRST).await?);
            }
            Ok(())
        };
        if !room.ready.initialized() {
            room.ready
                .get_or_try_init(begin)
                .await
                .map_err(NoRoom::Away)?;
            self.changed.notify_one();
        }
        Ok(room)
    }

    /// A room that is served, if it is.
    pub(crate) fn known(&self, name: &str) -> Option<Arc<Room>> {
        lock(&self.rooms).get(name).cloned()
    }

    /// All rooms that are served.
    pub(crate) fn rooms(&self) -> Vec<Arc<Room>> {
        lock(&self.rooms).values().cloned().collect()
    }

    /// From where on the rooms are to be read.
    pub(crate) fn positions(&self) -> Vec<(String, Id)> {
        let rooms = lock(&self.rooms);
        let ready = rooms.values().filter(|room| room.ready.initialized());
        ready.map(|room| (room.name.clone(), room.last())).collect()
    }

    /// Ready when there is a room more to read than at the last time that this was ready.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Ready when somebody came or went since the last time that this was ready.
    pub(crate) fn moved(&self) -> Notified<'_> {
        self.moved.notified()
    }

    pub(crate) async fn publish(&self, room: &Room, draft: Draft<'_>) -> Result<Published, Away> {
        match &self.log {
            Some(log) => log.publish(&room.name, draft).await,
            None => Ok(self.publish_alone(room, &draft)),
        }
    }

    /// What `publish.lua` does.
    fn publish_alone(&self, room: &Room, draft: &Draft<'_>) -> Published {
        let mut numbers = lock(&self.numbers);
        if numbers.len() >= AUTHORS {
            numbers.clear();
        }
        let last = numbers
            .entry((room.name.clone(), draft.author.into()))
            .or_default();
        if draft.n <= *last {
            return Published::Here(None);
        }
        if draft.n > *last + 1 {
            return Published::NotInTurn { last: *last };
        }
        *last = draft.n;
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since.map_or(0, |since| {
            since.as_secs() * 1000 + u64::from(since.subsec_millis())
        });
        let id = room.append(millis, |id| {
            let (from, text, node) = (draft.from, draft.text, &*self.name);
            let news = News::Message {
                id,
                from,
                text,
                node,
            };
            Entry {
                id,
                message: news.to_prepared(),
            }
        });
        Published::Here(Some(id))
    }
}

/// Forgets rooms that nobody is in, until the process ends.
pub(crate) async fn sweep(node: Arc<Node>) {
    // Its memory is all that a node has that is alone.
    while node.log.is_some() {
        sleep(SWEEP).await;
        // Nobody else has it, and nobody can get it meanwhile.
        lock(&node.rooms).retain(|_, room| Arc::strong_count(room) > 1);
    }
}

/// Somebody's place in a room.
pub(crate) struct Seat {
    pub(crate) node: Arc<Node>,
    pub(crate) room: Arc<Room>,
    name: String,
}

impl Seat {
    pub(crate) fn take(node: Arc<Node>, room: Arc<Room>, name: String) -> Self {
        room.enter(&name);
        node.moved.notify_one();
        Self { node, room, name }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.leave(&self.name);
        self.node.moved.notify_one();
    }
}
