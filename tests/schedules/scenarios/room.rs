//! Who waits for room to send.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use shuttle::sync::{Mutex, mpsc};
use tower_websock::{CloseFrame, Sender, WebSocket};

use crate::{
    checking::check,
    server::{assert_clean, serve, strict},
    wire::{NARROW, Peer, assert_in_order, task, wire},
};

/// Who was woken, in this order, and the task that wants to know it.
#[derive(Default)]
struct Log(Mutex<(Vec<usize>, Option<Waker>)>);

/// The waker of one of several futures of a task.
struct Numbered(usize, Arc<Log>);

impl Wake for Numbered {
    fn wake(self: Arc<Self>) {
        let mut log = self.1.0.lock().unwrap();
        log.0.push(self.0);
        let task = log.1.take();
        drop(log);
        task.into_iter().for_each(Waker::wake);
    }
}

/// Three of a task's futures wait for room: they are woken in the order in which they came. One that
/// is dropped when it was woken strands nobody.
async fn wait_in_line(sender: Sender) {
    let log = Arc::new(Log::default());
    sender.send("f".into()).await.unwrap();
    let mut sends = Vec::new();
    let mut waiting = Vec::new();
    for number in 0..3 {
        let mut send = Box::pin(sender.send(format!("a{number}").into()));
        let waker = Waker::from(Arc::new(Numbered(number, log.clone())));
        match send.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => result.unwrap(),
            Poll::Pending => {
                waiting.push(number);
                sends.push(send);
            }
        }
    }
    poll_fn(|cx| {
        let mut woken = log.0.lock().unwrap();
        if woken.0.len() >= waiting.len() {
            return Poll::Ready(());
        }
        woken.1 = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
    assert_eq!(log.0.lock().unwrap().0, waiting);
    for send in sends.into_iter().skip(1) {
        send.await.unwrap();
    }
    sender.start_close(CloseFrame::new(1000, "")).unwrap();
}

#[test]
fn those_who_wait_for_room_are_woken_in_their_order() {
    check("those_who_wait_for_room_are_woken_in_their_order", || {
        let (ours, theirs) = wire(NARROW);
        let (give, take) = mpsc::channel();
        let served = serve(ours, strict(), async move |mut socket: WebSocket| {
            give.send(socket.sender()).unwrap();
            while socket.recv().await.is_some() {}
        });
        task(async move { wait_in_line(take.recv().unwrap()).await });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            let (texts, code) = peer.texts_to_close().await;
            assert!((3..=4).contains(&texts.len()), "{texts:?}");
            assert_eq!(code, Some(1000));
            peer.answer_and_end(1000).await;
        });
        assert_clean(served);
        peer.join().unwrap();
    });
}

/// Of three tasks that wait none is left, whichever of them is given up.
#[test]
fn none_is_left_to_wait_for_room() {
    check("none_is_left_to_wait_for_room", || {
        let (ours, theirs) = wire(NARROW);
        let (give, take) = mpsc::channel();
        let served = serve(ours, strict(), async move |mut socket: WebSocket| {
            for name in ['a', 'b', 'c'] {
                let sender = socket.sender();
                let give = give.clone();
                task(async move {
                    let mut given_up = Box::pin(sender.send("given up".into()));
                    let sent = crate::wire::poll_once(given_up.as_mut()).await;
                    give.send(usize::from(sent.is_some())).unwrap();
                    drop(given_up);
                    sender.send(format!("{name}0").into()).await.unwrap();
                });
            }
            drop(give);
            while socket.recv().await.is_some() {}
        });
        let mut peer = Peer::new(theirs);
        let peer = task(async move {
            let others: usize = (0..3).map(|_| take.recv().unwrap()).sum();
            let texts = peer.texts(3 + others).await;
            for name in ['a', 'b', 'c'] {
                assert_in_order(&texts, name, 1);
            }
            peer.close_and_end().await;
        });
        assert_clean(served);
        peer.join().unwrap();
    });
}
