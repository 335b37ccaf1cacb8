//! tokio-websockets: its own handshake on the TCP stream.
//!
//! Configured as in its benchmark's server: no splitting into frames, no limits, outside of
//! tokio's cooperative budget. Batched, the threshold at which it flushes of itself is
//! raised from 8 to 64 KiB.

use tokio::{net::TcpListener, task::unconstrained};
use tokio_websockets::{Config, Limits, Message, ServerBuilder};

use super::Form;
use crate::Error;

pub(super) async fn serve(listener: TcpListener, form: Form) -> Result<(), Error> {
    loop {
        let stream = super::accept(&listener).await?;
        tokio::spawn(unconstrained(async move {
            let mut config = Config::default().frame_size(usize::MAX);
            if form == Form::Batched {
                config = config.flush_threshold(64 << 10);
            }
            let builder = ServerBuilder::new()
                .config(config)
                .limits(Limits::unlimited());
            let (_request, socket) = builder.accept(stream).await?;
            match form {
                Form::Batched => super::echo_batched(socket, is_data).await,
                Form::Plain => super::echo_plain(socket, is_data).await,
            }
        }));
    }
}

fn is_data(message: &Message) -> bool {
    message.is_text() || message.is_binary()
}
