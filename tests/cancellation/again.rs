//! The futures of a client that connects again, through the loss of a connection; and those of a
//! topic's stream.

use std::{cell::RefCell, rc::Rc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{DuplexStream, duplex},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::{spawn_local, yield_now},
};
use tower_websock::{
    CloseFrame, Config, KeepAlive, Message, Topic, TopicStream, WebSocket,
    client::{
        Reconnecting,
        reconnecting::{Decision, Event, SendError, Stopped},
    },
};

use crate::{
    cut::Cut,
    session::{Place, Session},
    table::Entry,
};

type Socket = Reconnecting<DuplexStream>;
type Server = WebSocket<DuplexStream>;

/// Messages that the first server takes.
const TAKEN: usize = 2;

pub(crate) const AGAIN: &[Entry] = &[
    Entry::alone("client::Reconnecting::recv", |_, cut| {
        receiving(cut, async |socket| socket.recv().await)
    }),
    Entry::alone("Stream for client::Reconnecting", |_, cut| {
        receiving(cut, async |socket| socket.next().await)
    }),
    Entry::alone("client::Reconnecting::send", |_, cut| {
        sending(cut, async |socket, message| socket.send(message).await)
    }),
    Entry::alone("client::Reconnecting::feed", |_, cut| {
        sending(cut, async |socket, message| socket.feed(message).await)
    }),
    Entry::alone("Sink for client::Reconnecting", |_, cut| {
        sending(cut, async |socket, message| {
            SinkExt::send(socket, message).await
        })
    }),
    Entry::alone("client::Reconnecting::flush", |_, cut| {
        closing(
            cut,
            async |socket| socket.flush().await.unwrap(),
            async |socket| {
                assert!(socket.close(None).await.unwrap().unwrap().is_clean());
            },
        )
    }),
    Entry::alone("client::Reconnecting::close", |_, cut| {
        closing(
            cut,
            async |socket| {
                assert!(socket.close(None).await.unwrap().unwrap().is_clean());
            },
            async |_| {},
        )
    }),
    Entry::alone("Sink for client::Reconnecting", |_, cut| {
        closing(
            cut,
            async |socket| SinkExt::close(socket).await.unwrap(),
            async |socket| while socket.recv().await.is_some() {},
        )
    }),
];

pub(crate) const TOPICS: &[Entry] = &[
    Entry::alone("TopicStream::recv", |_, cut| {
        published(cut, async |stream| stream.recv().await)
    }),
    Entry::alone("Stream for TopicStream", |_, cut| {
        published(cut, async |stream| stream.next().await)
    }),
];

/// A client that queues so much, and the servers' ends of its connections.
fn client(most: usize) -> (Socket, UnboundedReceiver<Server>) {
    let (tell, told) = unbounded_channel();
    let socket = Reconnecting::over(move |_| {
        let tell = tell.clone();
        async move {
            // An attempt takes its time, too.
            for _ in 0..3 {
                yield_now().await;
            }
            let (ours, theirs) = duplex(80);
            let config = Config::new()
                .keep_alive(KeepAlive::OFF)
                .write_high_water(most);
            tell.send(WebSocket::server(theirs, &config)).unwrap();
            Ok::<_, std::io::Error>(WebSocket::client(ours, &config))
        }
    })
    .rule(|cause, _| match cause.code() {
        Some(4000) => Decision::Stop,
        _ => Decision::Wait(Duration::from_millis(5)),
    })
    .max_unflushed(3 * most)
    .build();
    (socket, told)
}

/// What happens is told once, and in order.
fn receiving(
    cut: Rc<Cut>,
    call: impl AsyncFn(&mut Socket) -> Option<Result<Event, Stopped>> + 'static,
) -> Session {
    Box::pin(async move {
        let (mut socket, mut servers) = client(60);
        let serving = spawn_local(async move {
            let mut first = servers.recv().await.unwrap();
            for message in Place::SMALL.messages() {
                first.send(message).await.unwrap();
            }
            drop(first);
            let mut second = servers.recv().await.unwrap();
            for message in Place::SMALL.messages() {
                second.send(message).await.unwrap();
            }
            let closure = second.close(CloseFrame::new(4000, "over")).await;
            assert!(closure.unwrap().is_clean());
            servers
        });
        let mut told = Vec::new();
        loop {
            match cut.until_done(async || call(&mut socket).await).await {
                Some(Ok(Event::Open { number })) => told.push(format!("open {number}")),
                Some(Ok(Event::Message(message))) => told.push(format!("{message:?}")),
                Some(Ok(Event::Lost { unsent, .. })) => told.push(format!("lost {unsent:?}")),
                Some(Ok(other)) => panic!("{other:?}"),
                Some(Err(stopped)) => {
                    assert_eq!(stopped.why.code(), Some(4000));
                    told.push("stopped".to_owned());
                }
                None => break,
            }
        }
        let messages = || {
            let messages = Place::SMALL.messages();
            messages.into_iter().map(|message| format!("{message:?}"))
        };
        let mut expected = vec!["open 1".to_owned()];
        expected.extend(messages());
        expected.extend(["lost []", "open 2"].map(str::to_owned));
        expected.extend(messages());
        expected.push("stopped".to_owned());
        assert_eq!(told, expected);
        let mut servers = serving.await.unwrap();
        assert!(servers.try_recv().is_err(), "a third connection");
    })
}

/// What was sent arrives or is handed back, and neither twice.
fn sending(
    cut: Rc<Cut>,
    call: impl AsyncFn(&mut Socket, Message) -> Result<(), SendError> + 'static,
) -> Session {
    Box::pin(async move {
        let (mut socket, mut servers) = client(60);
        let arrived = Rc::new(RefCell::new([Vec::new(), Vec::new()]));
        let taken = arrived.clone();
        let serving = spawn_local(async move {
            for (at, most) in [TAKEN, usize::MAX].into_iter().enumerate() {
                // If all calls are dropped there may be no second one.
                let Some(mut server) = servers.recv().await else {
                    return;
                };
                for _ in 0..most {
                    match server.recv().await {
                        Some(message) => taken.borrow_mut()[at].push(message.unwrap()),
                        None => break,
                    }
                }
            }
        });
        let (mut sure, mut back) = (Vec::new(), Vec::new());
        let mut connection = 0;
        for number in 0..20 {
            let message = Message::text(format!("message {number}"));
            // To receive tells of the loss, and that there is another connection.
            while !socket.is_open() {
                match socket.recv().await.unwrap().unwrap() {
                    Event::Open { number } => connection = number,
                    Event::Lost { unsent, .. } => back.extend(unsent),
                    other => panic!("{other:?}"),
                }
            }
            match cut.call(call(&mut socket, message.clone())).await {
                Some(Ok(())) => sure.push((connection, message)),
                Some(Err(error)) => back.extend(error.into_message()),
                None => {}
            }
        }
        assert!(socket.close(None).await.unwrap().unwrap().is_clean());
        back.extend(socket.take_unsent());
        drop(socket);
        serving.await.unwrap();
        let [first, second] = arrived.take();
        for list in [&first, &second, &back] {
            for (at, message) in list.iter().enumerate() {
                assert!(!list[..at].contains(message), "{message:?} is doubled");
            }
        }
        let mut sent: Vec<_> = sure.iter().filter(|(on, _)| *on == 2).collect();
        sent.retain(|(_, message)| !second.contains(message));
        assert!(sent.is_empty(), "lost: {sent:?}");
    })
}

/// What was fed arrives before the Close.
fn closing(
    cut: Rc<Cut>,
    call: impl AsyncFn(&mut Socket) + 'static,
    finish: impl AsyncFnOnce(&mut Socket) + 'static,
) -> Session {
    Box::pin(async move {
        let (mut socket, mut servers) = client(2_000);
        let serving = spawn_local(async move {
            let mut server = servers.recv().await.unwrap();
            let mut received = Vec::new();
            while let Some(message) = server.recv().await {
                received.push(message.unwrap());
            }
            assert!(received.pop().unwrap().is_close());
            assert_eq!(received, Place::SMALL.messages());
        });
        for message in Place::SMALL.messages() {
            socket.feed(message).await.unwrap();
        }
        cut.until_done(async || call(&mut socket).await).await;
        finish(&mut socket).await;
        assert!(socket.take_unsent().is_empty());
        serving.await.unwrap();
    })
}

/// What is published comes once and in order.
fn published(
    cut: Rc<Cut>,
    call: impl AsyncFn(&mut TopicStream) -> Option<tower_websock::PreparedMessage> + 'static,
) -> Session {
    Box::pin(async move {
        let topic = Topic::new();
        let mut stream = topic.stream();
        let publishing = topic.clone();
        let publisher = spawn_local(async move {
            for message in Place::SMALL.messages() {
                let message: tower_websock::PreparedMessage = message.try_into().unwrap();
                publishing.publish(message);
                yield_now().await;
            }
        });
        for message in Place::SMALL.messages() {
            let came = cut.until_done(async || call(&mut stream).await).await;
            assert_eq!(came.unwrap().to_message(), message);
        }
        publisher.await.unwrap();
        assert_eq!(stream.skipped(), 0);
        drop(stream);
        assert_eq!(topic.subscribers(), 0);
    })
}
