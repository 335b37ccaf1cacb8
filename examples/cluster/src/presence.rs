//! Who is in the rooms, on all nodes.
//!
//! For each of its rooms, a node has a key with the names of those who are in it through this
//! node. It writes the key again all the time, and the key expires, so what a dead node wrote is
//! soon gone. A set per room has the names of the nodes that such keys may be of.

use std::{collections::BTreeSet, convert::Infallible, sync::Arc, time::Duration};

use redis::{RedisResult, pipe};
use tokio::time::{sleep, timeout};

use crate::{
    log::{Log, stream},
    node::Node,
    room::Room,
};

/// Between two rounds in which nothing changes here.
const ROUND: Duration = Duration::from_secs(2);
/// Between two rounds if something does.
const PAUSE: Duration = Duration::from_millis(300);
/// Seconds after which those who were in a room through a dead node are in it no more.
const LIFE: u64 = 8;
/// Seconds after which a room's set of nodes is forgotten if no node is in it.
const NODES_LIFE: i64 = 60;

/// Goes on until the process ends.
pub(crate) async fn tell(node: Arc<Node>) -> Infallible {
    loop {
        let rooms = node.rooms();
        match &node.log {
            // What Redis does not tell is told a round later.
            Some(log) => _ = gather(log, &node.name, &rooms).await,
            None => rooms.iter().for_each(|room| room.tell(&room.ours())),
        }
        drop(rooms);
        sleep(PAUSE).await;
        let _ = timeout(ROUND, node.moved()).await;
    }
}

async fn gather(log: &Log, node: &str, rooms: &[Arc<Room>]) -> RedisResult<()> {
    if rooms.is_empty() {
        return Ok(());
    }
    let mut asking = pipe();
    for room in rooms {
        let nodes = nodes(room);
        // Names have no line feeds.
        let names = room.ours().join("\n");
        asking.set_ex(here(room, node), names, LIFE).ignore();
        asking.sadd(&nodes, node).ignore();
        asking.expire(&nodes, NODES_LIFE).ignore();
        asking.smembers(&nodes);
    }
    let found: Vec<Vec<String>> = asking.query_async(&mut log.commands()).await?;
    let mut asking = pipe();
    for (room, nodes) in rooms.iter().zip(&found) {
        let keys: Vec<_> = nodes.iter().map(|node| here(room, node)).collect();
        asking.mget(keys);
    }
    let names: Vec<Vec<Option<String>>> = asking.query_async(&mut log.commands()).await?;
    let mut removing = pipe();
    for ((room, of), names) in rooms.iter().zip(&found).zip(&names) {
        for (dead, _) in of.iter().zip(names).filter(|(_, names)| names.is_none()) {
            removing.srem(nodes(room), dead);
        }
        let names = names.iter().flatten().flat_map(|names| names.lines());
        let names: BTreeSet<_> = names.collect();
        room.tell(&names.into_iter().map(String::from).collect::<Vec<_>>());
    }
    if removing.cmd_iter().next().is_some() {
        removing.exec_async(&mut log.commands()).await?;
    }
    Ok(())
}

/// Takes this node's people out of its rooms.
pub(crate) async fn leave(node: &Node) -> RedisResult<()> {
    let mut removing = pipe();
    for room in node.rooms() {
        let name = &node.name;
        removing.del(here(&room, name)).srem(nodes(&room), name);
    }
    match &node.log {
        Some(log) => removing.exec_async(&mut log.commands()).await,
        None => Ok(()),
    }
}

/// The key of those who are in a room through a node.
fn here(room: &Room, node: &str) -> String {
    format!("{}:here:{node}", stream(&room.name))
}

/// The key of the nodes that are in a room.
fn nodes(room: &Room) -> String {
    format!("{}:nodes", stream(&room.name))
}
