//! The futures of an open connection.

use futures_util::{SinkExt, StreamExt};
use tower_websock::{CloseFrame, Message, PreparedMessage};

use crate::{
    ends::{Axum, Beside, Halves, Other},
    scripts::{
        closing, flushing, noticing, receiving, sending, sending_beside_another, subscribed,
    },
    session::MINUTE,
    table::Entry,
};

type Socket = tower_websock::WebSocket;

const CODE: u16 = 4001;

fn frame() -> CloseFrame {
    CloseFrame::new(CODE, "enough")
}

fn prepared(message: Message) -> PreparedMessage {
    message.try_into().unwrap()
}

pub(crate) const RECEIVING: &[Entry] = &[
    Entry::new("WebSocket::recv", |place, cut| {
        receiving(place, cut, async |end: &mut Socket| end.recv().await)
    }),
    Entry::new("WebSocket::recv", |place, cut| {
        subscribed(
            place,
            cut,
            |end: &Socket, topic| Box::new(end.subscribe(topic)),
            async |end| end.recv().await,
        )
    }),
    Entry::new("Stream for WebSocket", |place, cut| {
        receiving(place, cut, async |end: &mut Socket| end.next().await)
    }),
    Entry::new("RecvHalf::recv", |place, cut| {
        receiving(place, cut, async |end: &mut Halves| end.1.recv().await)
    }),
    Entry::new("RecvHalf::recv", |place, cut| {
        subscribed(
            place,
            cut,
            |end: &Halves, topic| Box::new(end.0.subscribe(topic)),
            async |end| end.1.recv().await,
        )
    }),
    Entry::thin("Stream for RecvHalf", |place, cut| {
        receiving(place, cut, async |end: &mut Halves| end.1.next().await)
    }),
    Entry::thin("axum::WebSocket::recv", |place, cut| {
        receiving(place, cut, async |end: &mut Axum| end.recv().await)
    }),
    Entry::thin("Stream for axum::WebSocket", |place, cut| {
        receiving(place, cut, async |end: &mut Axum| end.next().await)
    }),
    Entry::thin("Stream for Compat", |place, cut| {
        receiving(place, cut, async |end: &mut Other| {
            end.next().await.map(|item| item.map(Message::from))
        })
    }),
];

pub(crate) const SENDING: &[Entry] = &[
    Entry::new("WebSocket::send", |place, cut| {
        sending(place, cut, async |end: &mut Socket, message| {
            end.send(message).await
        })
    }),
    Entry::new("WebSocket::send", |place, cut| {
        sending_beside_another(place, cut, async |end: &mut Socket, message| {
            end.send(message).await
        })
    }),
    Entry::new("WebSocket::send_uncompressed", |place, cut| {
        sending(place, cut, async |end: &mut Socket, message| {
            end.send_uncompressed(message).await
        })
    }),
    Entry::new("WebSocket::send_prepared", |place, cut| {
        sending(place, cut, async |end: &mut Socket, message| {
            end.send_prepared(&prepared(message)).await
        })
    }),
    Entry::new("WebSocket::send_timeout", |place, cut| {
        sending(place, cut, async |end: &mut Socket, message| {
            end.send_timeout(message, MINUTE).await
        })
    }),
    Entry::new("WebSocket::feed", |place, cut| {
        sending(place, cut, async |end: &mut Socket, message| {
            end.feed(message).await
        })
    }),
    Entry::new("Sink for WebSocket", |place, cut| {
        sending(place, cut, async |end: &mut Socket, message| {
            SinkExt::send(end, message).await
        })
    }),
    Entry::new("SendHalf::send", |place, cut| {
        sending(place, cut, async |end: &mut Halves, message| {
            end.0.send(message).await
        })
    }),
    Entry::new("SendHalf::send", |place, cut| {
        sending_beside_another(place, cut, async |end: &mut Halves, message| {
            end.0.send(message).await
        })
    }),
    Entry::thin("SendHalf::send_uncompressed", |place, cut| {
        sending(place, cut, async |end: &mut Halves, message| {
            end.0.send_uncompressed(message).await
        })
    }),
    Entry::thin("SendHalf::send_prepared", |place, cut| {
        sending(place, cut, async |end: &mut Halves, message| {
            end.0.send_prepared(&prepared(message)).await
        })
    }),
    Entry::thin("SendHalf::send_timeout", |place, cut| {
        sending(place, cut, async |end: &mut Halves, message| {
            end.0.send_timeout(message, MINUTE).await
        })
    }),
    Entry::thin("SendHalf::feed", |place, cut| {
        sending(place, cut, async |end: &mut Halves, message| {
            end.0.feed(message).await
        })
    }),
    Entry::thin("Sink for SendHalf", |place, cut| {
        sending(place, cut, async |end: &mut Halves, message| {
            SinkExt::send(&mut end.0, message).await
        })
    }),
    Entry::new("Sender::send", |place, cut| {
        sending(place, cut, async |end: &mut Beside, message| {
            end.0.send(message).await
        })
    }),
    Entry::new("Sender::send", |place, cut| {
        sending_beside_another(place, cut, async |end: &mut Beside, message| {
            end.0.send(message).await
        })
    }),
    Entry::thin("Sender::send_uncompressed", |place, cut| {
        sending(place, cut, async |end: &mut Beside, message| {
            end.0.send_uncompressed(message).await
        })
    }),
    Entry::thin("Sender::send_prepared", |place, cut| {
        sending(place, cut, async |end: &mut Beside, message| {
            end.0.send_prepared(&prepared(message)).await
        })
    }),
    Entry::new("Sender::send_timeout", |place, cut| {
        sending(place, cut, async |end: &mut Beside, message| {
            end.0.send_timeout(message, MINUTE).await
        })
    }),
    Entry::thin("axum::WebSocket::send", |place, cut| {
        sending(place, cut, async |end: &mut Axum, message| {
            end.send(message).await
        })
    }),
    Entry::thin("axum::WebSocket::send_uncompressed", |place, cut| {
        sending(place, cut, async |end: &mut Axum, message| {
            end.send_uncompressed(message).await
        })
    }),
    Entry::thin("axum::WebSocket::send_prepared", |place, cut| {
        sending(place, cut, async |end: &mut Axum, message| {
            end.send_prepared(&prepared(message)).await
        })
    }),
    Entry::thin("axum::WebSocket::send_timeout", |place, cut| {
        sending(place, cut, async |end: &mut Axum, message| {
            end.send_timeout(message, MINUTE).await
        })
    }),
    Entry::thin("axum::WebSocket::feed", |place, cut| {
        sending(place, cut, async |end: &mut Axum, message| {
            end.feed(message).await
        })
    }),
    Entry::thin("Sink for axum::WebSocket", |place, cut| {
        sending(place, cut, async |end: &mut Axum, message| {
            SinkExt::send(end, message).await
        })
    }),
    Entry::thin("Sink for Compat", |place, cut| {
        sending(place, cut, async |end: &mut Other, message: Message| {
            end.send(message.into()).await
        })
    }),
];

pub(crate) const FLUSHING: &[Entry] = &[
    Entry::new("WebSocket::flush", |place, cut| {
        flushing(
            place,
            cut,
            async |end: &mut Socket, message| end.feed(message).await.unwrap(),
            async |end| end.flush().await,
            Socket::buffered,
        )
    }),
    Entry::new("Sink for WebSocket", |place, cut| {
        flushing(
            place,
            cut,
            async |end: &mut Socket, message| SinkExt::feed(end, message).await.unwrap(),
            async |end| SinkExt::flush(end).await,
            Socket::buffered,
        )
    }),
    Entry::new("SendHalf::flush", |place, cut| {
        flushing(
            place,
            cut,
            async |end: &mut Halves, message| end.0.feed(message).await.unwrap(),
            async |end| end.0.flush().await,
            |end| end.0.buffered(),
        )
    }),
    Entry::thin("Sink for SendHalf", |place, cut| {
        flushing(
            place,
            cut,
            async |end: &mut Halves, message| SinkExt::feed(&mut end.0, message).await.unwrap(),
            async |end| SinkExt::flush(&mut end.0).await,
            |end| end.0.buffered(),
        )
    }),
    Entry::new("Sender::flush", |place, cut| {
        flushing(
            place,
            cut,
            async |end: &mut Beside, message| end.1.feed(message).await.unwrap(),
            async |end| end.0.flush().await,
            |end| Socket::buffered(&end.1),
        )
    }),
    Entry::thin("axum::WebSocket::flush", |place, cut| {
        flushing(
            place,
            cut,
            async |end: &mut Axum, message| end.feed(message).await.unwrap(),
            async |end| end.flush().await,
            Axum::buffered,
        )
    }),
    Entry::thin("Sink for axum::WebSocket", |place, cut| {
        flushing(
            place,
            cut,
            async |end: &mut Axum, message| SinkExt::feed(end, message).await.unwrap(),
            async |end| SinkExt::flush(end).await,
            Axum::buffered,
        )
    }),
    Entry::thin("Sink for Compat", |place, cut| {
        flushing(
            place,
            cut,
            async |end: &mut Other, message: Message| {
                SinkExt::feed(end, message.into()).await.unwrap();
            },
            async |end| SinkExt::flush(end).await,
            |end| Socket::buffered(end.get_ref()),
        )
    }),
];

pub(crate) const ENDING: &[Entry] = &[
    Entry::new("WebSocket::close", |place, cut| {
        closing(place, cut, CODE, async |end: &mut Socket| {
            assert!(end.close(frame()).await.unwrap().is_clean());
        })
    }),
    Entry::new("Sink for WebSocket", |place, cut| {
        closing(place, cut, 1000, async |end: &mut Socket| {
            SinkExt::close(end).await.unwrap();
        })
    }),
    Entry::thin("Sink for SendHalf", |place, cut| {
        closing(place, cut, 1000, async |end: &mut Halves| {
            SinkExt::close(&mut end.0).await.unwrap();
        })
    }),
    Entry::thin("axum::WebSocket::close_with", |place, cut| {
        closing(place, cut, CODE, async |end: &mut Axum| {
            assert!(end.close_with(frame()).await.unwrap().is_clean());
        })
    }),
    Entry::thin("Sink for axum::WebSocket", |place, cut| {
        closing(place, cut, 1000, async |end: &mut Axum| {
            SinkExt::close(end).await.unwrap();
        })
    }),
    Entry::thin("Sink for Compat", |place, cut| {
        closing(place, cut, 1000, async |end: &mut Other| {
            SinkExt::close(end).await.unwrap();
        })
    }),
    Entry::new("WebSocket::closed", |place, cut| {
        noticing(place, cut, async |end: &mut Socket| end.closed().await)
    }),
    Entry::new("SendHalf::closed", |place, cut| {
        noticing(place, cut, async |end: &mut Halves| end.0.closed().await)
    }),
    Entry::new("Sender::closed", |place, cut| {
        noticing(place, cut, async |end: &mut Beside| end.0.closed().await)
    }),
    Entry::thin("axum::WebSocket::closed", |place, cut| {
        noticing(place, cut, async |end: &mut Axum| end.closed().await)
    }),
];
