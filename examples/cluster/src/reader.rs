//! The one reader of a node: it waits for news of all rooms at once.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use redis::{RedisResult, cmd};
use tokio::{
    select,
    time::{Instant, sleep},
};

use crate::{
    log::{Log, Raw, entry, stream},
    node::Node,
};

/// How long Redis may wait for news before it says that there are none.
const BLOCK: Duration = Duration::from_secs(5);
/// Entries of one room in one answer.
const COUNT: usize = 500;
/// Between two tries to interrupt a read.
const INTERRUPT: Duration = Duration::from_millis(20);
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(200);

/// Reads until the process ends. Whatever happens to Redis, it goes on after the last entry that
/// it has.
pub(crate) async fn read(node: Arc<Node>) {
    let Some(log) = &node.log else { return };
    loop {
        let start = Instant::now();
        let Err(error) = follow(&node, log).await;
        // Once, not at each try.
        if start.elapsed() > PAUSE {
            eprintln!("Redis is away: {error}");
        }
        sleep(PAUSE).await;
    }
}

async fn follow(node: &Node, log: &Log) -> RedisResult<Infallible> {
    let mut connection = log.reading(BLOCK).await?;
    let client: u64 = cmd("CLIENT").arg("ID").query_async(&mut connection).await?;
    loop {
        let (rooms, last): (Vec<_>, Vec<_>) = node.positions().into_iter().unzip();
        if rooms.is_empty() {
            node.changed().await;
            continue;
        }
        let keys: Vec<_> = rooms.iter().map(|room| stream(room)).collect();
        let last: Vec<_> = last.iter().map(ToString::to_string).collect();
        let mut command = cmd("XREAD");
        command.arg("COUNT").arg(COUNT);
        command.arg("BLOCK").arg(BLOCK.as_secs() * 1000);
        command.arg("STREAMS").arg(&keys).arg(&last);
        let news: Option<Vec<(String, Vec<Raw>)>> = {
            let mut reading = pin!(command.query_async(&mut connection));
            select! {
                news = &mut reading => news?,
                // Whoever waits in a room that is new is not left to wait for news of others.
                () = node.changed() => select! {
                    news = &mut reading => news?,
                    never = interrupt(log, client) => match never {},
                },
            }
        };
        for (key, entries) in news.unwrap_or_default() {
            let room = rooms.iter().zip(&keys).find(|(_, of)| **of == key);
            let room = room.and_then(|(room, _)| node.known(room));
            // One that was forgotten and made again meanwhile reads from its own beginning.
            if let Some(room) = room.filter(|room| room.has_begun()) {
                room.deliver(entries.iter().filter_map(entry));
            }
        }
    }
}

/// Ends a read of the other connection. Redis may not have begun it, so once is not enough.
async fn interrupt(log: &Log, client: u64) -> Infallible {
    let mut command = cmd("CLIENT");
    command.arg("UNBLOCK").arg(client);
    loop {
        let _: RedisResult<()> = command.query_async(&mut log.commands()).await;
        sleep(INTERRUPT).await;
    }
}
