//! Rooms: what a socket sends goes to all that are in its room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use http::{StatusCode, Uri};
use tower_websock::{Error, Lag, PreparedMessage, Subscribe, Topic, TopicConfig, WebSocket};

const MAX_NAME: usize = 64;

/// What a room keeps for those who are behind, in bytes.
const MAX_BEHIND: usize = 1 << 20;

/// How far behind a socket may be before `lag=close` closes it.
const CLOSE: Lag = Lag::Close {
    messages: 128,
    time: Duration::from_secs(10),
};

/// The rooms that somebody is in, by name.
#[derive(Clone)]
pub(crate) struct Rooms {
    open: Arc<Mutex<HashMap<String, Weak<Room>>>>,
    max: usize,
}

/// Is forgotten with the last place in it.
struct Room {
    name: String,
    topic: Topic,
    rooms: Rooms,
}

/// A place in a room.
#[derive(Clone)]
pub(crate) struct Place {
    room: Arc<Room>,
    lag: Lag,
}

impl Rooms {
    pub(crate) fn new(max: usize) -> Self {
        let open = Arc::default();
        Self { open, max }
    }

    /// The place that a path of the form `/rooms/NAME?lag=skip|latest|close` asks for.
    pub(crate) fn enter(&self, uri: &Uri) -> Result<Place, (StatusCode, &'static str)> {
        let name = uri.path().strip_prefix("/rooms/").unwrap_or_default();
        if name.is_empty() || name.len() > MAX_NAME || name.contains('/') {
            return Err((StatusCode::NOT_FOUND, "no such room"));
        }
        let mut options = uri.query().unwrap_or_default().split('&');
        let lag = match options.find_map(|option| option.strip_prefix("lag=")) {
            None | Some("skip") => Lag::Skip,
            Some("latest") => Lag::Latest,
            Some("close") => CLOSE,
            Some(_) => return Err((StatusCode::BAD_REQUEST, "lag is skip, latest or close")),
        };
        match self.room(name) {
            Some(room) => Ok(Place { room, lag }),
            None => Err((StatusCode::SERVICE_UNAVAILABLE, "too many rooms")),
        }
    }

    fn room(&self, name: &str) -> Option<Arc<Room>> {
        let mut open = self.lock();
        let old = open.get(name).and_then(Weak::upgrade);
        if old.is_some() || open.len() >= self.max {
            return old;
        }
        // In the metrics, all rooms are one.
        let config = TopicConfig::new().name("rooms").max_bytes(MAX_BEHIND);
        let room = Arc::new(Room {
            name: name.to_owned(),
            topic: Topic::with_config(config),
            rooms: self.clone(),
        });
        open.insert(name.to_owned(), Arc::downgrade(&room));
        Some(room)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Weak<Room>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Tells all in the room, this one included, what comes from the socket.
    pub(crate) async fn talk(self, mut socket: WebSocket) -> Result<(), Error> {
        let topic = &self.room.topic;
        let _subscription = socket.subscribe_with(topic, Subscribe::new().lag(self.lag));
        while let Some(message) = socket.recv().await {
            // Pings and the like are for this side alone.
            if let Ok(message) = PreparedMessage::try_from(message?) {
                topic.publish(message);
            }
        }
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut open = self.rooms.lock();
        // Somebody may have opened it again.
        if open
            .get(&self.name)
            .is_some_and(|room| room.strong_count() == 0)
        {
            open.remove(&self.name);
        }
    }
}
