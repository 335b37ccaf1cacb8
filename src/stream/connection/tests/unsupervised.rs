//! A connection that its handles drive.

use std::{
    panic,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    thread,
    time::Duration,
};

use tokio::{runtime::Builder, time::advance};

use super::harness::{
    ECHOED, Io, Task, Wire, binary, client, client_with, close, config, kept_ticket, ping, poll,
    poll_once, unsupervised,
};
use crate::{
    config::{Config, KeepAlive},
    message::Message,
    protocol::{Batch, Compress, Loss},
    stream::{
        connection::{Conn, deadlines::Deadline},
        error::Error,
        handle::Handle,
    },
};

const INTERVAL: Duration = Duration::from_secs(16);
const TIMEOUT: Duration = Duration::from_secs(8);
/// As late as a ping may be.
const LATE: Duration = Duration::from_millis(500);

fn watched() -> Config {
    config().keep_alive(KeepAlive::new().interval(INTERVAL).timeout(TIMEOUT))
}

/// 5.5.2: a ping is answered although the user only sends.
#[tokio::test(start_paused = true)]
async fn ping_is_answered_before_a_message_is_sent() {
    let wire = Wire::new();
    let handle = unsupervised(&wire);
    wire.send(&ping());
    let sent = poll_once(&Task::new(), handle.send("a".into(), Compress::IfAgreed));
    assert!(sent.is_ready());
    assert_eq!(wire.written(), b"\x8a\x01?\x81\x01a");
}

/// Of a user who never receives nothing is to be answered before the Close.
#[tokio::test(start_paused = true)]
async fn close_is_answered_for_who_only_waits_for_the_end() {
    let wire = Wire::new();
    let handle = unsupervised(&wire);
    let task = Task::new();
    let mut closed = pin!(handle.wait(Conn::poll_closed));
    assert!(poll(&task, &mut closed).is_pending());
    wire.send(&close());
    assert_eq!(task.wakes(), 1);
    assert!(poll(&task, &mut closed).is_ready());
    assert_eq!(wire.written(), ECHOED);
}

/// The Close is handed over once our answer is with the transport, and then the transport ends.
#[tokio::test(start_paused = true)]
async fn close_is_received_after_the_answer_has_left() {
    let wire = Wire::full();
    let handle = unsupervised(&wire);
    let (task, mut batch) = (Task::new(), Batch::default());
    wire.send(&[binary(1), close()].concat());
    let mut recv = || task.poll(|cx| handle.poll_recv::<Error>(cx, &mut batch));
    assert!(matches!(recv(), Poll::Ready(Some(Ok(Message::Binary(_))))));
    assert!(recv().is_pending());
    wire.take(usize::MAX);
    assert!(task.wakes() > 0);
    assert!(matches!(recv(), Poll::Ready(Some(Ok(Message::Close(_))))));
    assert_eq!(wire.written(), ECHOED);
    assert!(recv().is_pending());
    assert!(wire.is_shut());
    wire.end();
    assert!(matches!(recv(), Poll::Ready(None)));
    assert!(wire.is_dropped());
}

/// 7.1.1: a client shuts its side when it has seen the server's end.
#[tokio::test(start_paused = true)]
async fn client_shuts_after_the_server() {
    let wire = Wire::new();
    let handle = client(&wire);
    let (task, mut batch) = (Task::new(), Batch::default());
    wire.send(&ECHOED);
    let mut recv = || task.poll(|cx| handle.poll_recv::<Error>(cx, &mut batch));
    assert!(matches!(recv(), Poll::Ready(Some(Ok(Message::Close(_))))));
    assert_eq!(wire.written(), close());
    assert!(recv().is_pending());
    assert!(!wire.is_shut());
    wire.end();
    assert!(matches!(recv(), Poll::Ready(None)));
    assert!(wire.is_shut() && wire.is_dropped());
}

/// Whoever uses a socket without a supervisor does it, in whatever method.
#[tokio::test(start_paused = true)]
async fn client_pings_while_one_of_its_methods_runs() {
    type Act = fn(&Handle<Io>, &mut Batch, &mut Context<'_>) -> bool;
    let receive: Act = |handle, batch, cx| {
        let item = handle.poll_recv::<Error>(cx, batch);
        matches!(item, Poll::Ready(Some(Err(Error::Lost(Loss::NoPong)))))
    };
    let wait_for_end: Act = |handle, _, cx| {
        handle
            .with(|conn| conn.poll_closed(cx, &mut kept_ticket()))
            .is_ready()
    };
    for act in [receive, wait_for_end] {
        let wire = Wire::new();
        let client = client_with(&wire, watched());
        let (task, mut batch) = (Task::new(), Batch::default());
        assert!(!task.poll(|cx| act(&client, &mut batch, cx)));
        advance(INTERVAL + LATE).await;
        assert!(task.wakes() > 0);
        assert!(!task.poll(|cx| act(&client, &mut batch, cx)));
        let ping = wire.written();
        assert_eq!((&ping[..2], ping.len()), (&[0x89, 0x88][..], 14));
        advance(TIMEOUT).await;
        assert!(task.wakes() > 0);
        assert!(task.poll(|cx| act(&client, &mut batch, cx)));
        assert!(wire.is_dropped());
    }
}

/// What a client finds that was away is no older than it is: the answer may have come meanwhile.
#[tokio::test(start_paused = true)]
async fn client_that_only_sends_now_and_then_pings_and_hears() {
    let wire = Wire::new();
    let client = client_with(&wire, watched());
    let task = Task::new();
    let send = || {
        let mut message = Some(Message::text("a"));
        let both = task.poll(|cx| {
            client.with(|conn| {
                conn.poll_send(cx, &mut kept_ticket(), &mut message, Compress::IfAgreed)
            })
        });
        assert!(matches!(both, Poll::Ready(Ok(()))), "{both:?}");
        wire.written()
    };
    let message = send();
    advance(10 * INTERVAL).await;
    let both = send();
    assert_eq!(both.len(), message.len() + 14);
    // The peer has answered long ago.
    wire.send(&[0x8A, 0]);
    advance(10 * INTERVAL).await;
    assert_eq!(send(), message);
    assert!(!wire.is_dropped());
    advance(10 * INTERVAL).await;
    assert_eq!(send().len(), message.len() + 14);
    // What comes has a little time, for it may have been on its way.
    advance(10 * INTERVAL).await;
    assert_eq!(send(), message);
    assert!(!wire.is_dropped());
    advance(Duration::from_secs(1)).await;
    let mut message = Some(Message::text("a"));
    let both = task.poll(|cx| {
        client.with(|conn| conn.poll_send(cx, &mut kept_ticket(), &mut message, Compress::IfAgreed))
    });
    assert!(matches!(both, Poll::Ready(Err(Error::Closed))), "{both:?}");
    assert!(wire.is_dropped());
}

/// Outside of a runtime, and in one whose timer is not enabled, a connection works without it. The
/// runtime is asked once, since that is a panic; another one with a timer is another matter.
#[test]
fn without_a_timer_nothing_is_watched() {
    let works = |is_watched: bool| {
        let wire = Wire::new();
        let client = client_with(&wire, watched());
        let (task, mut batch) = (Task::new(), Batch::default());
        let mut recv = || task.poll(|cx| client.poll_recv::<Error>(cx, &mut batch));
        assert!(recv().is_pending());
        wire.send(&[0x82, 1, 7]);
        assert!(matches!(recv(), Poll::Ready(Some(Ok(Message::Binary(_))))));
        assert!(recv().is_pending());
        let ping = client.with(|conn| conn.deadlines().is_set(Deadline::Ping));
        assert_eq!(ping, is_watched);
    };
    let panics = Panics::count();
    works(false);
    for _ in 0..2 {
        let mut timerless = Builder::new_current_thread();
        timerless.build().unwrap().block_on(async {
            for _ in 0..3 {
                works(false);
            }
        });
    }
    assert_eq!(panics.so_far(), 2);
    let mut usual = Builder::new_current_thread();
    let usual = usual.enable_time().build().unwrap();
    usual.block_on(async { works(true) });
    assert_eq!(panics.so_far(), 2);
}

/// Counts the panics of this thread.
struct Panics(Arc<AtomicUsize>);

impl Panics {
    fn count() -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let (mine, counted) = (thread::current().id(), count.clone());
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == mine {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            others(info);
        }));
        Self(count)
    }

    fn so_far(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
