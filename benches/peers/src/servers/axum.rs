//! axum: `extract::ws`, which is tungstenite behind an extractor, under `axum::serve`.

use axum::{
    Router,
    extract::ws::{Message, WebSocketUpgrade},
    response::Response,
    routing::any,
    serve::ListenerExt,
};
use tokio::net::TcpListener;

use super::{Form, MAX_MESSAGE};
use crate::Error;

pub(super) async fn serve(listener: TcpListener, form: Form) -> Result<(), Error> {
    let upgrade = move |upgrade| async move { answer(upgrade, form) };
    let app = Router::new().route("/ws", any(upgrade));
    // axum::serve ends with the process only.
    axum::serve(no_delay(listener), app).await?;
    Ok(())
}

/// axum leaves Nagle's algorithm on unless told otherwise.
pub(crate) fn no_delay(
    listener: TcpListener,
) -> impl axum::serve::Listener<Io = tokio::net::TcpStream, Addr = std::net::SocketAddr> {
    listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    })
}

fn answer(upgrade: WebSocketUpgrade, form: Form) -> Response {
    let upgrade = upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE);
    upgrade.on_upgrade(async move |socket| {
        let _ = match form {
            Form::Batched | Form::Small => super::echo_batched(socket, is_data).await,
            Form::Plain => super::echo_plain(socket, is_data).await,
        };
    })
}

fn is_data(message: &Message) -> bool {
    matches!(message, Message::Text(_) | Message::Binary(_))
}
