//! A chat on many nodes, over Redis Streams. Open <http://127.0.0.1:8880/>.
//!
//! Without `--redis` it runs alone, in memory. `--help` lists the options. SIGTERM and Ctrl-C
//! begin the drain: `/readyz` says so, the sockets are closed with 1001 one after the other, and
//! the process ends with 0. README.md tells how it is built, and what it promises.

mod chat;
mod history;
mod id;
mod log;
mod node;
mod options;
mod presence;
mod reader;
mod room;
#[cfg(test)]
mod tests;
mod web;
mod wire;

use std::{future::IntoFuture, io, sync::Arc, time::Duration};

use axum::serve::ListenerExt;
use tokio::{
    net::TcpListener,
    select,
    signal::{
        ctrl_c,
        unix::{SignalKind, signal},
    },
    time::{Instant, timeout},
};
use tower_websock::{Config, Connections, KeepAlive};

use crate::{log::Log, node::Node};

/// A dead client, or a proxy that forwards nothing, is noticed within twice this.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Longest message of a client, in bytes.
const MESSAGE: usize = 8 << 10;
/// How long Redis may take at the end.
const FAREWELL: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> io::Result<()> {
    let options = options::from_args();
    let log = options.redis.as_deref();
    let log = log.map(|url| Log::new(url, &options.node)).transpose();
    let log = log.map_err(io::Error::other)?;
    let node = Arc::new(Node::new(options.node.clone(), log));
    tokio::spawn(reader::read(node.clone()));
    tokio::spawn(presence::tell(node.clone()));
    tokio::spawn(node::sweep(node.clone()));

    // Each is an open file: `ulimit -n` must be higher.
    let connections = Connections::new().max(100_000);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).timeout(KEEP_ALIVE);
    let config = Config::new()
        .max_message_size(MESSAGE)
        .keep_alive(keep_alive);
    let app = web::app(node.clone(), connections.clone(), config);
    let listener = TcpListener::bind(&options.addr).await?;
    println!("node {}: http://{}/", options.node, listener.local_addr()?);
    // Without it, a message may wait until the peer acknowledges the one before.
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));

    // Behind a proxy, which bounds the time of a request. If it is open to the Internet, serve it as
    // the example `production` does.
    let serving = tokio::spawn(axum::serve(listener, app).into_future());

    told_to_stop().await?;
    let start = Instant::now();
    // Probes are answered, and new sockets refused, until the last one is closed.
    let drained = connections.drain(options.drain()).await;
    serving.abort();
    // Redis may be away. Then the names expire.
    let _ = timeout(FAREWELL, presence::leave(&node)).await;
    println!(
        "drained: {} clean, {} cut, {:.1} s",
        drained.clean,
        drained.cut,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn told_to_stop() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    select! {
        result = ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}
