//! One message to many: what the sockets get that are subscribed to a topic.

mod forwarding;
mod interleaving;
mod slow;

use tokio::{
    io::DuplexStream,
    sync::mpsc::{self, UnboundedReceiver},
    task::JoinHandle,
};
use tower_websock::{Closure, Config, Stats, Subscribe, Topic, WebSocket};

use crate::support::*;

/// A socket that is subscribed, whose handler receives until the end.
struct Member {
    peer: Peer<DuplexStream>,
    task: JoinHandle<Closure>,
    stats: UnboundedReceiver<Stats>,
}

/// The transport and the connection hold so many bytes on their way, and one message more.
const LITTLE: usize = 256;

fn little() -> Config {
    Config::new().write_high_water(LITTLE)
}

/// A member of `topic`, once it is subscribed.
async fn member(config: Config, topic: &Topic, wanted: Subscribe) -> Member {
    let (client, server) = tokio::io::duplex(LITTLE);
    let (told, mut subscribed) = mpsc::unbounded_channel();
    let (tell, stats) = mpsc::unbounded_channel();
    let topic = topic.clone();
    let task = supervise(server, config, async move |mut socket: WebSocket| {
        let subscription = socket.subscribe_with(&topic, wanted);
        told.send(()).unwrap();
        while let Some(Ok(_)) = socket.recv().await {}
        tell.send(socket.stats()).unwrap();
        drop(subscription);
    });
    subscribed.recv().await.unwrap();
    Member {
        peer: Peer::new(client),
        task,
        stats,
    }
}
