//! The log of each room: a stream of Redis.

use std::{collections::HashMap, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult, Script,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
    cmd,
};
use tokio::time::{sleep, timeout};

use crate::{id::Id, room::Entry, wire::News};

/// Entries that a stream keeps, at least.
const LENGTH: usize = 10_000;
/// A stream is kept for so long after the last message.
const STREAM_LIFE: Duration = Duration::from_hours(7 * 24);
/// For so long after an author's last message, it is known which of its messages are there.
const AUTHOR_LIFE: Duration = Duration::from_hours(24);
/// How long somebody waits for Redis before it is said to be away. A Redis that is slow is not
/// asked again meanwhile, which would make it slower.
const PATIENCE: Duration = Duration::from_secs(4);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Log {
    client: Client,
    commands: ConnectionManager,
    publish: Script,
    node: String,
}

/// Something to publish.
pub(crate) struct Draft<'a> {
    /// Which author, among all that there ever were in this room. Nobody else knows.
    pub(crate) author: &'a str,
    pub(crate) n: u64,
    pub(crate) from: &'a str,
    pub(crate) text: &'a str,
}

/// What became of it.
pub(crate) enum Published {
    /// The log has it, since now and under this id; or since before.
    Here(Option<Id>),
    /// The log does not have it, since one before it is missing: the author's last is this.
    NotInTurn { last: u64 },
}

/// Redis does not answer.
#[derive(Debug)]
pub(crate) struct Away;

/// An entry as it comes from Redis: its id and its fields.
pub(crate) type Raw = (String, HashMap<String, String>);

impl Log {
    /// Connects when it is needed, and again whenever the connection is lost.
    pub(crate) fn new(url: &str, node: &str) -> RedisResult<Self> {
        let client = Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_max_delay(Duration::from_millis(500))
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        Ok(Self {
            commands: client.get_connection_manager_lazy(config)?,
            client,
            publish: Script::new(include_str!("publish.lua")),
            node: node.into(),
        })
    }

    /// The connection for commands that answer at once.
    pub(crate) fn commands(&self) -> ConnectionManager {
        self.commands.clone()
    }

    /// A connection for one who reads and waits, up to `blocked`.
    pub(crate) async fn reading(&self, blocked: Duration) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(blocked + PATIENCE));
        let client = &self.client;
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    /// Publishes a message once, however often and through however many nodes this is tried.
    pub(crate) async fn publish(&self, room: &str, draft: Draft<'_>) -> Result<Published, Away> {
        let (last, id): (u64, Option<String>) = retried(|| async {
            let mut call = self.publish.key(stream(room));
            call.key(format!("{}:author:{}", stream(room), draft.author))
                .arg(draft.n)
                .arg(AUTHOR_LIFE.as_secs())
                .arg(STREAM_LIFE.as_secs())
                .arg(LENGTH)
                .arg(&["from", draft.from, "text", draft.text, "node", &self.node]);
            call.invoke_async(&mut self.commands()).await
        })
        .await?;
        Ok(match id {
            None if draft.n > last => Published::NotInTurn { last },
            id => Published::Here(id.and_then(|id| id.parse().ok())),
        })
    }

    /// The newest entries of a room, in order.
    pub(crate) async fn newest(&self, room: &str, count: usize) -> Result<Vec<Entry>, Away> {
        let newest = self.range("XREVRANGE", room, ["+", "-"], count).await?;
        Ok(newest.into_iter().rev().collect())
    }

    /// The first entries after one id, up to another one.
    pub(crate) async fn between(
        &self,
        room: &str,
        after: Id,
        until: Id,
        count: usize,
    ) -> Result<Vec<Entry>, Away> {
        let bounds = [&*format!("({after}"), &until.to_string()];
        self.range("XRANGE", room, bounds, count).await
    }

    /// Whether the log still has what somebody got who has all up to `id`, or older entries.
    pub(crate) async fn reaches(&self, room: &str, id: Id) -> Result<bool, Away> {
        let bounds = [&*id.to_string(), "-"];
        let older = self.range("XREVRANGE", room, bounds, 1).await?;
        Ok(!older.is_empty())
    }

    async fn range(
        &self,
        command: &str,
        room: &str,
        bounds: [&str; 2],
        count: usize,
    ) -> Result<Vec<Entry>, Away> {
        let mut command = cmd(command);
        command.arg(stream(room)).arg(&bounds);
        command.arg("COUNT").arg(count);
        let raw: Vec<Raw> = retried(|| self.ask(&command)).await?;
        Ok(raw.iter().filter_map(entry).collect())
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        command.query_async(&mut self.commands()).await
    }
}

/// The key of a room's stream. In a Redis Cluster, all keys of a room are in one slot.
pub(crate) fn stream(room: &str) -> String {
    format!("chat:{{{room}}}")
}

/// `None` for what this program did not write.
pub(crate) fn entry((id, fields): &Raw) -> Option<Entry> {
    let id = id.parse().ok()?;
    let [from, text, node] = ["from", "text", "node"].map(|name| fields.get(name));
    let news = News::Message {
        id,
        from: from?,
        text: text?,
        node: node?,
    };
    Some(Entry {
        id,
        message: news.to_prepared(),
    })
}

/// Tries until there is an answer. Whatever is tried may have been done more than once.
async fn retried<T, F>(action: impl Fn() -> F) -> Result<T, Away>
where
    F: Future<Output = RedisResult<T>>,
{
    let tries = async {
        loop {
            match action().await {
                Ok(answer) => return answer,
                Err(error) => {
                    // Redis is there, and something else is wrong.
                    if !error.is_io_error() {
                        eprintln!("Redis: {error}");
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    };
    timeout(PATIENCE, tries).await.map_err(|_| Away)
}
