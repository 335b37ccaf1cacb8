//! What the sessions of an open connection do, and what is asserted at their end.

use std::{cell::RefCell, collections::VecDeque, fmt::Debug, rc::Rc};

use tokio::task::spawn_local;
use tower_websock::{CloseFrame, Message, Topic, WebSocket};

use crate::{
    cut::Cut,
    ends::End,
    session::{Place, Session},
};

/// What was given to a call that sends, and whether that said that it was sent.
type Given = Rc<RefCell<VecDeque<(Message, bool)>>>;

fn over() -> CloseFrame {
    CloseFrame::new(4000, "over")
}

/// Everything is received, once and in order, and the peer's pings are answered at most once.
pub(crate) fn receiving<S: End, E: Debug + 'static>(
    place: Place,
    cut: Rc<Cut>,
    call: impl AsyncFn(&mut S) -> Option<Result<Message, E>> + 'static,
) -> Session {
    let mut script = place.messages();
    script.insert(1, Message::Ping("1".into()));
    script.insert(4, Message::Ping("2".into()));
    let expected = script.clone();
    let under = async move |socket| {
        let mut end = S::of(socket);
        for message in expected {
            let item = cut.until_done(async || call(&mut end).await).await;
            assert_eq!(item.unwrap().unwrap(), message);
        }
        let item = cut.until_done(async || call(&mut end).await).await;
        assert_eq!(item.unwrap().unwrap(), Message::Close(Some(over())));
        let item = cut.until_done(async || call(&mut end).await).await;
        assert!(item.is_none(), "{item:?}");
        end.finish().await;
    };
    let other = async move |mut socket: WebSocket| {
        for message in script {
            socket.send(message).await.unwrap();
        }
        socket.send(Message::Close(Some(over()))).await.unwrap();
        let mut pongs = Vec::new();
        while let Some(message) = socket.recv().await {
            if let Message::Pong(data) = message.unwrap() {
                pongs.push(data);
            }
        }
        assert!(pongs.is_sorted_by(|a, b| a < b), "doubled: {pongs:?}");
        assert_eq!(pongs.last().unwrap(), "2");
    };
    Box::pin(place.between(under, other))
}

/// What was sent for sure arrives, once, in order and as it was; what was given up, at most once.
pub(crate) fn sending<S: End, E: Debug + 'static>(
    place: Place,
    cut: Rc<Cut>,
    call: impl AsyncFn(&mut S, Message) -> Result<(), E> + 'static,
) -> Session {
    let given = Given::default();
    let sent = given.clone();
    let under = async move |socket| {
        let mut end = S::of(socket);
        for message in place.messages() {
            let called = cut.call(call(&mut end, message.clone())).await;
            if let Some(Err(error)) = &called {
                panic!("{error:?}");
            }
            sent.borrow_mut().push_back((message, called.is_some()));
        }
        end.finish().await;
    };
    let other = async move |socket| {
        let received = all_of(socket).await;
        check(&mut given.borrow_mut(), received);
    };
    Box::pin(place.between(under, other))
}

/// The same while another task sends, too, whose calls are not dropped: no wake that was meant for it
/// is lost with one of them.
pub(crate) fn sending_beside_another<S: End, E: Debug + 'static>(
    place: Place,
    cut: Rc<Cut>,
    call: impl AsyncFn(&mut S, Message) -> Result<(), E> + 'static,
) -> Session {
    let texts = move || (0..place.messages().len()).map(|number| format!("beside {number}"));
    let given = Given::default();
    let sent = given.clone();
    let under = async move |socket: WebSocket| {
        let sender = socket.sender();
        let beside = spawn_local(async move {
            for text in texts() {
                sender.send(text.into()).await.unwrap();
            }
        });
        let mut end = S::of(socket);
        for message in place.messages() {
            let called = cut.call(call(&mut end, message.clone())).await;
            let is_sent = called.is_some_and(|called| called.is_ok());
            sent.borrow_mut().push_back((message, is_sent));
        }
        beside.await.unwrap();
        end.finish().await;
    };
    let other = async move |socket| {
        let (beside, received): (Vec<_>, Vec<_>) =
            all_of(socket).await.into_iter().partition(|message| {
                message
                    .to_text()
                    .is_ok_and(|text| text.starts_with("beside"))
            });
        assert_eq!(beside, texts().map(Message::text).collect::<Vec<_>>());
        check(&mut given.borrow_mut(), received);
    };
    Box::pin(place.between(under, other))
}

/// When a flush is done, all is with the transport.
pub(crate) fn flushing<S: End, E: Debug + 'static>(
    place: Place,
    cut: Rc<Cut>,
    feed: impl AsyncFn(&mut S, Message) + 'static,
    call: impl AsyncFn(&mut S) -> Result<(), E> + 'static,
    buffered: impl Fn(&S) -> usize + 'static,
) -> Session {
    let under = async move |socket| {
        let mut end = S::of(socket);
        for message in place.messages() {
            feed(&mut end, message).await;
            cut.until_done(async || call(&mut end).await).await.unwrap();
            assert_eq!(buffered(&end), 0);
        }
        end.finish().await;
    };
    let other = async move |socket| {
        assert_eq!(all_of(socket).await, place.messages());
    };
    Box::pin(place.between(under, other))
}

/// What was sent arrives, and then one Close.
pub(crate) fn closing<S: End>(
    place: Place,
    cut: Rc<Cut>,
    code: u16,
    call: impl AsyncFn(&mut S) + 'static,
) -> Session {
    let under = async move |mut socket: WebSocket| {
        for message in place.messages() {
            socket.feed(message).await.unwrap();
        }
        let mut end = S::of(socket);
        cut.until_done(async || call(&mut end).await).await;
        end.finish().await;
    };
    let other = async move |mut socket: WebSocket| {
        // What comes meanwhile is dropped, or received.
        for message in place.messages() {
            let _ = socket.send(message).await;
        }
        let mut received = Vec::new();
        while let Some(message) = socket.recv().await {
            received.push(message.unwrap());
        }
        let Some(Message::Close(Some(frame))) = received.pop() else {
            panic!("no Close after {received:?}");
        };
        assert_eq!(frame.code, code);
        assert_eq!(received, place.messages());
    };
    Box::pin(place.between(under, other))
}

/// The peer's end is noticed, and what it sent before can be received still.
pub(crate) fn noticing<S: End>(
    place: Place,
    cut: Rc<Cut>,
    call: impl AsyncFn(&mut S) + 'static,
) -> Session {
    let under = async move |socket| {
        let mut end = S::of(socket);
        cut.until_done(async || call(&mut end).await).await;
        for message in place.messages() {
            assert_eq!(end.receive().await, Some(message));
        }
        assert_eq!(end.receive().await, Some(Message::Close(Some(over()))));
        assert_eq!(end.receive().await, None);
        end.finish().await;
    };
    let other = async move |mut socket: WebSocket| {
        for message in place.messages() {
            socket.send(message).await.unwrap();
        }
        let closure = socket.close(over()).await.unwrap();
        assert!(closure.is_clean(), "{closure:?}");
    };
    Box::pin(place.between(under, other))
}

/// While calls are dropped that receive, what is published arrives, once and in order, among
/// what is received.
pub(crate) fn subscribed<S: End, E: Debug + 'static>(
    place: Place,
    cut: Rc<Cut>,
    subscribe: impl FnOnce(&S, &Topic) -> Box<dyn std::any::Any> + 'static,
    call: impl AsyncFn(&mut S) -> Option<Result<Message, E>> + 'static,
) -> Session {
    let topic = Topic::new();
    let theirs = topic.clone();
    let under = async move |socket| {
        let mut end = S::of(socket);
        let subscription = subscribe(&end, &topic);
        for message in place.messages() {
            let item = cut.until_done(async || call(&mut end).await).await;
            assert_eq!(item.unwrap().unwrap(), message);
        }
        let item = cut.until_done(async || call(&mut end).await).await;
        assert!(item.unwrap().unwrap().is_close());
        drop(subscription);
        assert_eq!(topic.subscribers(), 0);
        end.finish().await;
    };
    let other = async move |mut socket: WebSocket| {
        while theirs.subscribers() == 0 {
            tokio::task::yield_now().await;
        }
        for message in place.messages() {
            theirs.publish(match message.clone() {
                Message::Text(text) => tower_websock::PreparedMessage::text(text),
                other => tower_websock::PreparedMessage::binary(other.into_data()),
            });
            socket.send(message.clone()).await.unwrap();
            assert_eq!(socket.recv().await.unwrap().unwrap(), message);
        }
        let closure = socket.close(over()).await.unwrap();
        assert!(closure.is_clean(), "{closure:?}");
    };
    Box::pin(place.between(under, other))
}

/// What is received until the peer's Close.
async fn all_of(mut socket: WebSocket) -> Vec<Message> {
    let mut received = Vec::new();
    while let Some(message) = socket.recv().await {
        received.push(message.unwrap());
    }
    let last = received.pop();
    assert!(last.is_some_and(|last| last.is_close()), "no Close");
    received
}

fn check(given: &mut VecDeque<(Message, bool)>, received: Vec<Message>) {
    let mut received = VecDeque::from(received);
    for (message, is_sent) in given.drain(..) {
        if received.front() == Some(&message) {
            received.pop_front();
        } else {
            assert!(!is_sent, "{message:?} is lost");
        }
    }
    assert!(
        received.is_empty(),
        "out of order, torn or doubled: {received:?}"
    );
}
