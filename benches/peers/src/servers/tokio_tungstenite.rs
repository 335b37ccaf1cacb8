//! tokio-tungstenite: `accept_async` on the TCP stream; its read and write buffers are
//! 128 KiB by default, which its documentation calls right for a high load.

use tokio::net::TcpListener;
use tokio_tungstenite::{
    accept_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use super::{Form, MAX_MESSAGE};
use crate::Error;

pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

pub(super) fn is_data(message: &Message) -> bool {
    message.is_text() || message.is_binary()
}

pub(super) async fn serve(listener: TcpListener, form: Form) -> Result<(), Error> {
    loop {
        let stream = super::accept(&listener).await?;
        tokio::spawn(async move {
            let socket = accept_async_with_config(stream, Some(config())).await?;
            match form {
                Form::Batched | Form::Small => super::echo_batched(socket, is_data).await,
                Form::Plain => super::echo_plain(socket, is_data).await,
            }
        });
    }
}
