//! The end of connections (RFC 6455, section 7), on TCP and in memory.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::Instant,
};
use tower_websock::{
    CloseFrame, Closure, Config, Error, Initiator, Message, ProtocolError, WebSocket,
};

use crate::support::*;

/// How often what depends on the kernel is repeated.
const RUNS: usize = 250;

fn clean(initiator: Initiator, code: u16) -> Closure {
    Closure::Clean {
        initiator,
        frame: Some(CloseFrame::new(code, "")),
    }
}

/// 7.1.1: a peer that goes on sending after its Close still gets our answer, then the end
/// of the stream: never a reset.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_that_floods_after_its_close_gets_the_answer() {
    let addr = serve(echo, Config::new()).await;
    flood(addr, &close_frame(1000), 1000).await;
}

/// 7.1.7: a peer that goes on sending after a violation still gets the close code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_that_floods_after_a_violation_gets_the_code() {
    let addr = serve(echo, Config::new()).await;
    flood(addr, &[0x83, 0x80], 1002).await;
    flood(addr, &frame(TEXT, b"\xff"), 1007).await;
    flood(addr, &header(BINARY, 1 << 40), 1009).await;
}

async fn flood(addr: std::net::SocketAddr, last_words: &[u8], code: u16) {
    let garbage = vec![0x55; 1 << 20];
    let mut lost = 0;
    for run in 0..RUNS {
        let mut peer = Peer::connect(addr).await;
        peer.send(last_words).await;
        if run % 2 == 0 {
            // Writes all it has before it reads anything.
            peer.send(&garbage).await;
            peer.expect_close(code).await;
        } else {
            // Writes and reads at the same time, until the answer is there.
            let (mut read, mut write) = peer.io.split();
            let flooding = async { while write.write_all(&garbage).await.is_ok() {} };
            let mut answer = [0; 4];
            tokio::select! {
                read = read.read_exact(&mut answer) => {
                    lost += usize::from(read.is_err() || answer[2..] != code.to_be_bytes());
                    continue;
                }
                () = flooding => panic!("the flood was cut off before the answer was read"),
            }
        }
        peer.io.shutdown().await.unwrap();
        peer.expect_end().await;
    }
    println!("close code {code}: {RUNS} connections flooded, {lost} lost Close frames");
    assert_eq!(lost, 0);
}

/// 7.1.1: the server ends the TCP connection first, at once, without waiting for the client.
#[tokio::test]
async fn server_ends_tcp_first() {
    let addr = serve(echo, Config::new()).await;
    let mut peer = Peer::connect(addr).await;
    peer.send(&close_frame(3000)).await;
    peer.expect(CLOSE, &3000_u16.to_be_bytes()).await;
    peer.expect_end().await;
}

/// 5.4 and 5.5.1: a Close inside a fragmented message is answered, what follows is not
/// interpreted (the case that this project began with).
#[tokio::test]
async fn close_inside_a_fragmented_message_is_clean() {
    let addr = serve(echo, Config::new()).await;
    let mut peer = Peer::connect(addr).await;
    peer.send(&frame(0x01, b"fragment")).await;
    peer.send(&close_frame(1000)).await;
    peer.send(&frame(0x80, b"fragment")).await;
    peer.expect(CLOSE, &1000_u16.to_be_bytes()).await;
    peer.expect_end().await;
}

/// 7.1.7: what came whole before a violation is answered before the connection is failed.
#[tokio::test]
async fn answers_leave_before_the_failing_close() {
    let addr = serve(echo, Config::new()).await;
    let mut peer = Peer::connect(addr).await;
    let mut bytes = frame(TEXT, b"one");
    bytes.extend(frame(PING, b"two"));
    bytes.extend(frame(BINARY, b"three"));
    bytes.extend([0xFF, 0xFF, 0xFF]);
    peer.send(&bytes).await;
    peer.expect(TEXT, b"one").await;
    peer.expect(PONG, b"two").await;
    peer.expect(BINARY, b"three").await;
    peer.expect_close(1002).await;
    peer.expect_end().await;
}

/// 7.1.2: a handler that returns starts the closing handshake and finishes it.
#[tokio::test]
async fn handler_that_returns_closes_with_1000() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        socket.send("bye".into()).await.unwrap();
    });
    peer.expect(TEXT, b"bye").await;
    peer.expect_close(1000).await;
    // Data that is still under way is not a violation, and not answered.
    peer.send(&frame(TEXT, b"late")).await;
    peer.send(&close_frame(1000)).await;
    assert_eq!(end_of(peer, task).await, clean(Initiator::Local, 1000));
}

/// 7.4.1: a handler that fails closes with 1011.
#[tokio::test]
async fn handler_that_fails_closes_with_1011() {
    let (mut peer, task) = pair(|_socket: WebSocket| async move { Err::<(), _>("broken") });
    peer.expect_close(1011).await;
    peer.send(&close_frame(1011)).await;
    assert_eq!(end_of(peer, task).await, clean(Initiator::Local, 1011));
}

/// 7.4.1: a handler that panics closes with 1011, and the panic is passed on.
#[tokio::test]
async fn handler_that_panics_closes_with_1011() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        let message = socket.recv().await;
        panic!("as the test wants it: {message:?}");
        #[allow(unreachable_code, reason = "names the type")]
        {}
    });
    peer.send(&frame(TEXT, b"go")).await;
    close_after_panic(peer, task).await;
}

/// 7.1.2: a handler that drops its socket and goes on has closed it.
#[tokio::test]
async fn socket_that_is_dropped_closes_although_the_handler_goes_on() {
    let (done, wait) = oneshot::channel::<()>();
    let (mut peer, task) = pair(|socket: WebSocket| async move {
        drop(socket);
        wait.await.unwrap();
    });
    peer.expect_close(1000).await;
    peer.send(&close_frame(1000)).await;
    peer.expect_end().await;
    drop(peer);
    done.send(()).unwrap();
    assert_eq!(task.await.unwrap(), clean(Initiator::Local, 1000));
}

/// 7.1.2: halves that were given to other tasks keep the connection when the handler
/// returns; when both are dropped, it closes.
#[tokio::test]
async fn connection_lives_as_long_as_a_half_elsewhere() {
    let (mut peer, task) = pair(|socket: WebSocket| async move {
        let (mut send, mut recv) = socket.split();
        tokio::spawn(async move {
            while let Some(Ok(message)) = recv.recv().await {
                if !message.is_data() || send.send(message).await.is_err() {
                    break;
                }
            }
        });
    });
    for text in ["a", "b", "c"] {
        peer.send(&frame(TEXT, text.as_bytes())).await;
        peer.expect(TEXT, text.as_bytes()).await;
    }
    peer.send(&close_frame(1001)).await;
    peer.expect_close(1001).await;
    assert_eq!(end_of(peer, task).await, clean(Initiator::Remote, 1001));
}

/// 7.1.2: `close` sends the frame, drops what still comes, and tells how it ended.
#[tokio::test]
async fn close_reports_the_closure() {
    let (result, closure) = oneshot::channel();
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        let frame = CloseFrame::new(4000, "enough");
        let closure = socket.close(Some(frame)).await.unwrap();
        assert!(socket.recv().await.is_none());
        result.send(closure).unwrap();
    });
    peer.expect(CLOSE, b"\x0f\xa0enough").await;
    peer.send(&frame(TEXT, b"late")).await;
    peer.send(&close_frame(4001)).await;
    assert_eq!(closure.await.unwrap(), clean(Initiator::Local, 4001));
    assert!(end_of(peer, task).await.is_clean());
}

/// 5.5.1: after `Message::Close` was sent, messages are still received until the peer's
/// Close; nothing can be sent any more.
#[tokio::test]
async fn messages_are_received_between_our_close_and_the_peers() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        socket.send(Message::Close(None)).await.unwrap();
        assert!(matches!(socket.send("x".into()).await, Err(Error::Closed)));
        let late = socket.recv().await.unwrap().unwrap();
        assert_eq!(late, Message::text("late"));
        let close = socket.recv().await.unwrap().unwrap();
        assert_eq!(close, Message::Close(Some(CloseFrame::new(1001, ""))));
        assert!(socket.recv().await.is_none());
    });
    peer.expect(CLOSE, b"").await;
    peer.send(&frame(TEXT, b"late")).await;
    peer.send(&close_frame(1001)).await;
    assert_eq!(end_of(peer, task).await, clean(Initiator::Local, 1001));
}

/// 7.1.1: a peer that never answers our Close is dropped after `close_timeout`.
#[tokio::test(start_paused = true)]
async fn peer_that_never_answers_is_dropped_in_time() {
    let begin = Instant::now();
    let (mut peer, task) = pair(|_socket: WebSocket| async {});
    peer.expect_close(1000).await;
    peer.expect_end().await;
    assert_eq!(task.await.unwrap(), Closure::Lost);
    assert_eq!(begin.elapsed().as_secs(), 5);
}

/// 7.1.1: a peer that answers but never ends its side is dropped after `close_timeout`.
#[tokio::test(start_paused = true)]
async fn peer_that_never_ends_its_side_is_dropped_in_time() {
    let begin = Instant::now();
    let (mut peer, task) = pair(|_socket: WebSocket| async {});
    peer.expect_close(1000).await;
    peer.send(&close_frame(1000)).await;
    assert_eq!(task.await.unwrap(), clean(Initiator::Local, 1000));
    assert_eq!(begin.elapsed().as_secs(), 5);
}

/// 7.1.1: a peer that takes nothing of what we send cannot hold the connection either.
#[tokio::test(start_paused = true)]
async fn peer_that_never_reads_is_dropped_in_time() {
    let begin = Instant::now();
    let (client, server) = tokio::io::duplex(64);
    let task = supervise(server, Config::new(), |mut socket: WebSocket| async move {
        socket.send("x".repeat(1000).into()).await.unwrap();
    });
    assert_eq!(task.await.unwrap(), Closure::Lost);
    assert_eq!(begin.elapsed().as_secs(), 5);
    drop(client);
}

/// 5.5.1: a Close that the handler does not receive is answered after a second all the same, and
/// is still there for it.
#[tokio::test(start_paused = true)]
async fn close_is_answered_although_the_handler_is_busy() {
    let begin = Instant::now();
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(matches!(socket.send("x".into()).await, Err(Error::Closed)));
        let first = socket.recv().await.unwrap().unwrap();
        assert_eq!(first, Message::text("before"));
        let close = socket.recv().await.unwrap().unwrap();
        assert!(matches!(close, Message::Close(Some(_))));
        assert!(socket.recv().await.is_none());
    });
    peer.send(&frame(TEXT, b"before")).await;
    peer.send(&close_frame(1000)).await;
    peer.expect_close(1000).await;
    assert_eq!(begin.elapsed().as_secs(), 1);
    assert_eq!(end_of(peer, task).await, clean(Initiator::Remote, 1000));
}

/// 7.1.4: a handler that never receives does not spoil the closing, with the defaults of both.
#[cfg(feature = "client")]
#[tokio::test(start_paused = true)]
async fn peer_closes_in_order_although_the_handler_only_sends() {
    let (client, server) = tokio::io::duplex(1024);
    let task = supervise(server, Config::new(), |mut socket: WebSocket| async move {
        while socket.send("tick".into()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let mut client = WebSocket::client(client, &Config::new());
    let normal = CloseFrame::new(1000, "");
    let closure = client.close(Some(normal)).await.unwrap();
    assert_eq!(closure, clean(Initiator::Local, 1000));
    assert_eq!(task.await.unwrap(), clean(Initiator::Remote, 1000));
}

/// 5.5.1: the answer waits for a handler that goes on receiving what came before, but not longer
/// than `close_timeout`.
#[tokio::test(start_paused = true)]
async fn close_waits_for_a_handler_that_receives() {
    for (each, answered_after) in [(100, 2000), (900, 5000), (1100, 1000)] {
        let begin = Instant::now();
        let (mut peer, task) = pair(move |mut socket: WebSocket| async move {
            while let Some(Ok(message)) = socket.recv().await {
                if message.is_data() {
                    tokio::time::sleep(Duration::from_millis(each)).await;
                    let _ = socket.send(message).await;
                }
            }
        });
        // Of two kinds in turn, so that none is received together with the next.
        for count in 0..20_u8 {
            let opcode = if count % 2 == 0 { TEXT } else { BINARY };
            peer.send(&frame(opcode, &[count])).await;
        }
        peer.send(&close_frame(1000)).await;
        let mut answers = 0;
        while peer.read().await.expect("an answer").0 != CLOSE {
            answers += 1;
        }
        let waited = u64::try_from(begin.elapsed().as_millis()).unwrap();
        assert!(waited.abs_diff(answered_after) < 10, "{each}: {waited}");
        assert_eq!(answers, answered_after / each);
        task.abort();
    }
}

/// 5.5.2: pings are answered while the handler does something else.
#[tokio::test(start_paused = true)]
async fn pings_are_answered_while_the_handler_is_busy() {
    let begin = Instant::now();
    let (mut peer, task) = pair(hold);
    peer.send(&frame(TEXT, b"unread")).await;
    peer.send(&frame(PING, b"there?")).await;
    peer.expect(PONG, b"there?").await;
    assert_eq!(begin.elapsed().as_secs(), 0);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    // An aborted task cannot close in order, but it does not leak the transport.
    peer.expect_end().await;
}

/// 7.1.5: the end of the transport without a Close frame is an error, once, then the end.
#[tokio::test]
async fn end_without_close_is_lost() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        assert!(matches!(socket.recv().await, Some(Ok(_))));
        assert!(matches!(socket.recv().await, Some(Err(Error::Lost))));
        assert!(socket.recv().await.is_none());
        assert!(socket.recv().await.is_none());
        assert_eq!(socket.closure(), Some(Closure::Lost));
    });
    peer.send(&frame(TEXT, b"a")).await;
    peer.send(&frame(TEXT, b"torn")[..4]).await;
    peer.io.shutdown().await.unwrap();
    peer.expect_end().await;
    assert_eq!(task.await.unwrap(), Closure::Lost);
}

/// 7.1.5: a reset is an error, once, then the end.
#[tokio::test]
async fn reset_is_an_io_error() {
    let (result, seen) = tokio::sync::mpsc::unbounded_channel();
    let mut seen = seen;
    let handler = move |mut socket: WebSocket| {
        let result = result.clone();
        async move {
            while let Some(item) = socket.recv().await {
                result.send(item).unwrap();
            }
        }
    };
    let addr = serve(handler, Config::new()).await;
    let peer = Peer::connect(addr).await;
    socket_linger_zero(&peer.io);
    drop(peer);
    assert!(matches!(seen.recv().await, Some(Err(Error::Io(_)))));
}

fn socket_linger_zero(io: &TcpStream) {
    #[allow(deprecated, reason = "resetting is the point")]
    io.set_linger(Some(Duration::ZERO)).unwrap();
}

/// 7.1.5: whatever byte of a session is the last one, the task ends, and what it reports
/// agrees with whether the Close had come whole.
#[tokio::test(start_paused = true)]
async fn session_may_end_at_every_byte() {
    let mut session = frame(TEXT, b"text");
    session.extend(frame(0x02, b"frag"));
    session.extend(frame(PING, b"ping"));
    session.extend(frame(0x80, b"ment"));
    session.extend(close_frame(1000));
    for end in 0..=session.len() {
        let (mut peer, task) = pair(echo);
        let begin = Instant::now();
        peer.send(&session[..end]).await;
        peer.io.shutdown().await.unwrap();
        let mut frames = 0;
        while peer.read().await.is_some() {
            frames += 1;
        }
        let closure = task.await.unwrap();
        if end == session.len() {
            assert_eq!(closure, clean(Initiator::Remote, 1000));
            assert_eq!(frames, 4);
        } else {
            assert_eq!(closure, Closure::Lost, "{end}");
        }
        assert!(begin.elapsed() < Duration::from_secs(1), "{end}");
    }
}

/// 7.1.7: a violation that comes while the handler is busy waits for it, but not for ever.
#[tokio::test(start_paused = true)]
async fn violation_fails_the_connection_although_the_handler_is_busy() {
    let (mut peer, task) = pair(hold);
    peer.send(&[0xF1]).await;
    let begin = Instant::now();
    peer.expect_close(1002).await;
    assert_eq!(begin.elapsed().as_secs(), 1);
    peer.expect_end().await;
    task.abort();
}

/// 7.1.7: the closure tells what the peer did.
#[tokio::test]
async fn violation_is_reported_in_the_closure() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        let error = socket.recv().await.unwrap().unwrap_err();
        assert!(matches!(
            error,
            Error::Protocol(ProtocolError::UnmaskedFrame)
        ));
        assert!(socket.recv().await.is_none());
    });
    peer.send(&[0x81, 0x00]).await;
    peer.expect_close(1002).await;
    peer.expect_end().await;
    drop(peer);
    let closure = Closure::Failed(ProtocolError::UnmaskedFrame);
    assert_eq!(task.await.unwrap(), closure);
}

/// 7.1.1: a socket without a supervisor closes in order too.
#[tokio::test]
async fn socket_without_a_supervisor_closes_in_order() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let mut socket = WebSocket::server(server, &Config::new());
    let ours = tokio::spawn(async move {
        let message = socket.recv().await.unwrap().unwrap();
        socket.send(message).await.unwrap();
        socket.close(None).await.unwrap()
    });
    peer.send(&frame(TEXT, b"hi")).await;
    peer.expect(TEXT, b"hi").await;
    peer.expect(CLOSE, b"").await;
    peer.send(&close_frame(1000)).await;
    peer.expect_end().await;
    drop(peer);
    assert_eq!(ours.await.unwrap(), clean(Initiator::Local, 1000));
}

/// 7.1.1: receiving until `None` closes a socket without a supervisor in order too.
#[tokio::test]
async fn receiving_until_none_closes_a_socket_without_a_supervisor() {
    let (client, server) = tokio::io::duplex(1024);
    let mut peer = Peer::new(client);
    let mut socket = WebSocket::server(server, &Config::new());
    let ours = tokio::spawn(async move {
        let mut received = Vec::new();
        while let Some(item) = socket.recv().await {
            received.push(item.unwrap());
        }
        (received, socket.closure())
    });
    peer.send(&frame(PING, b"?")).await;
    peer.expect(PONG, b"?").await;
    peer.send(&close_frame(1000)).await;
    peer.expect_close(1000).await;
    peer.expect_end().await;
    drop(peer);
    let (received, closure) = ours.await.unwrap();
    assert_eq!(received.len(), 2);
    assert_eq!(closure, Some(clean(Initiator::Remote, 1000)));
}

/// A handler that sends `bytes` and returns, over a transport that holds 64 KiB.
fn pushing(bytes: usize, config: Config) -> (Peer<DuplexStream>, JoinHandle<Closure>) {
    let (client, server) = tokio::io::duplex(64 << 10);
    let task = supervise(server, config, move |mut socket: WebSocket| async move {
        socket.send(vec![7; bytes].into()).await.unwrap();
    });
    (Peer::new(client), task)
}

/// 7.1.1: a peer that reads and then stops is dropped `close_timeout` after what it took last.
#[tokio::test(start_paused = true)]
async fn peer_that_stops_reading_is_dropped_in_time() {
    let begin = Instant::now();
    let (mut peer, task) = pushing(1 << 20, Config::new());
    let mut chunk = vec![0; 32 << 10];
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(4)).await;
        peer.io.read_exact(&mut chunk).await.unwrap();
    }
    assert_eq!(task.await.unwrap(), Closure::Lost);
    assert_eq!(begin.elapsed().as_secs(), 10 * 4 + 5);
}

/// 7.1.1: a peer that takes a byte in time, again and again, is dropped after `max_close_time`, which is
/// not less than `close_timeout`.
#[tokio::test(start_paused = true)]
async fn peer_that_trickles_is_dropped_in_the_end() {
    for (limit, dropped_after) in [(60, 60), (5, 5), (1, 5), (0, 5)] {
        let begin = Instant::now();
        let config = Config::new().max_close_time(Duration::from_secs(limit));
        let (mut peer, task) = pushing(1 << 20, config);
        let trickle = async {
            loop {
                tokio::time::sleep(Duration::from_millis(4900)).await;
                let _ = peer.io.read_u8().await;
            }
        };
        let closure = tokio::select! {
            closure = task => closure.unwrap(),
            () = trickle => unreachable!(),
        };
        assert_eq!(closure, Closure::Lost);
        assert_eq!(begin.elapsed().as_secs(), dropped_after, "{limit}");
    }
}

/// Limits without end, and of nothing, do what they say.
#[tokio::test(start_paused = true)]
async fn extreme_limits_of_closing_work() {
    let times = [Duration::ZERO, Duration::MAX];
    for (timeout, limit) in times.map(|a| times.map(|b| (a, b))).concat() {
        let config = Config::new().close_timeout(timeout).max_close_time(limit);
        let begin = Instant::now();
        let (mut peer, task) = pushing(1 << 20, config);
        if timeout == Duration::ZERO {
            assert_eq!(task.await.unwrap(), Closure::Lost);
            assert_eq!(begin.elapsed().as_secs(), 0);
            continue;
        }
        // A day later the peer may still read it all.
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        assert_eq!(peer.read().await.unwrap().1.len(), 1 << 20);
        peer.expect_close(1000).await;
        peer.send(&close_frame(1000)).await;
        assert_eq!(end_of(peer, task).await, clean(Initiator::Local, 1000));
    }
}

/// 7.1.1: what a peer sends in place of its answer does not put the deadline off, neither messages nor
/// pings that are answered; whether it has taken our Close or not.
#[tokio::test(start_paused = true)]
async fn input_that_is_thrown_away_is_no_progress() {
    for (input, reads) in [(TEXT, true), (TEXT, false), (PING, true), (PING, false)] {
        let begin = Instant::now();
        let (peer, task) = pushing(100 << 10, Config::new());
        let (mut read, mut write) = tokio::io::split(peer.io);
        let reading = async {
            if reads {
                let mut all = Vec::new();
                read.read_to_end(&mut all).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        let writing = async {
            while write.write_all(&frame(input, b"more")).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            std::future::pending::<()>().await;
        };
        let closure = tokio::select! {
            closure = task => closure.unwrap(),
            () = reading => unreachable!(),
            () = writing => unreachable!(),
        };
        assert_eq!(closure, Closure::Lost);
        assert_eq!(begin.elapsed().as_secs(), 5, "{input:#x}, {reads}");
    }
}

/// 5.5.1: a peer may have to finish a message before it can answer our Close, and has the time for that;
/// but not for another.
#[tokio::test(start_paused = true)]
async fn peer_may_finish_a_message_before_it_answers() {
    for (messages, is_clean) in [(1, true), (2, false)] {
        for len in [1000, 200_000] {
            let (client, server) = tokio::io::duplex(1 << 20);
            let mut peer = Peer::new(client);
            let (close, closes) = oneshot::channel::<()>();
            let task = supervise(
                server,
                Config::new(),
                move |mut socket: WebSocket| async move {
                    closes.await.unwrap();
                    let _ = socket.close(None).await;
                },
            );
            let message = frame(BINARY, &vec![7; len]).repeat(messages);
            let (begun, rest) = message.split_at(100);
            peer.send(begun).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            close.send(()).unwrap();
            for piece in rest.chunks(rest.len() / 5 / messages) {
                tokio::time::sleep(Duration::from_secs(4)).await;
                if peer.io.write_all(piece).await.is_err() {
                    break;
                }
            }
            let _ = peer.io.write_all(&close_frame(1000)).await;
            peer.expect(CLOSE, b"").await;
            drop(peer);
            assert_eq!(task.await.unwrap().is_clean(), is_clean, "{messages} {len}");
        }
    }
}

/// 7.1.1: while the user receives what comes before the peer's Close, that is not cut off.
#[tokio::test(start_paused = true)]
async fn messages_after_our_close_put_the_deadline_off() {
    let (mut peer, task) = pair(|mut socket: WebSocket| async move {
        socket.send(Message::Close(None)).await.unwrap();
        let mut received = 0;
        while let Some(item) = socket.recv().await {
            received += usize::from(item.unwrap().is_data());
        }
        assert_eq!(received, 10);
    });
    peer.expect(CLOSE, b"").await;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(4)).await;
        peer.send(&frame(TEXT, b"late")).await;
    }
    peer.send(&close_frame(1000)).await;
    assert_eq!(end_of(peer, task).await, clean(Initiator::Local, 1000));
}

/// 7.1.1: the peer's Close is progress: from then on it has time to end its side.
#[tokio::test(start_paused = true)]
async fn answer_of_the_peer_puts_the_deadline_off() {
    let begin = Instant::now();
    let (mut peer, task) = pair(|_socket: WebSocket| async {});
    peer.expect_close(1000).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    peer.send(&close_frame(1000)).await;
    assert_eq!(task.await.unwrap(), clean(Initiator::Local, 1000));
    assert_eq!(begin.elapsed().as_secs(), 9);
}
