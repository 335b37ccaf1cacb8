//! Socket.IO on socketioxide, whose engine has the transport of this crate.

use axum::Router;
use serde_json::Value;
use socketioxide::{
    SocketIo,
    extract::{AckSender, Data, SocketRef},
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on(
            "ask",
            async |socket: SocketRef, Data::<Value>(question), ack: AckSender| {
                socket.emit("asked", &question).unwrap();
                ack.send(&question).unwrap();
            },
        );
    });
    adoption_servers::serve(Router::new().layer(layer)).await;
}
