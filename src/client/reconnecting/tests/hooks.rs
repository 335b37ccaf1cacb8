//! What users decide, and what they are told.

use super::*;
use crate::{Error, protocol::Loss};

/// Every change, as it happens.
#[tokio::test(start_paused = true)]
async fn states_are_told_in_order() {
    let (mut servers, builder) = servers();
    servers.expect([Outcome::Opens(1024), Outcome::Refused(503)]);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let seen = lines.clone();
    let on_state = move |state: &State| {
        let line = match state {
            State::Connecting(attempt) => {
                let last = attempt.last().map(Cause::to_string);
                format!(
                    "attempt {} after {}, {}",
                    attempt.number(),
                    attempt.connections(),
                    last.as_deref().unwrap_or("nothing")
                )
            }
            State::Open { number } => format!("open {number}"),
            State::Waiting { wait, why } => {
                assert!(*wait <= Duration::from_secs(2));
                format!("waiting, {why}")
            }
            State::Stopped { why } => format!("stopped, {why}"),
            State::Closed => String::from("closed"),
        };
        seen.lock().unwrap().push(line);
    };
    let mut socket = builder.on_state(on_state).build();
    expect_open(&mut socket, 1).await;
    drop(servers.next());
    expect_lost(&mut socket).await;
    expect_open(&mut socket, 2).await;
    let server = servers.next();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let closing = close(server, 1001);
    expect_lost(&mut socket).await;
    expect_open(&mut socket, 3).await;
    closing.await.expect("closed");
    let closing = close(servers.next(), 4004);
    expect_stopped(&mut socket).await;
    closing.await.expect("closed");
    let lost = "connection lost without a closing handshake: the transport ended";
    let refused = "the server refused with 503 Service Unavailable";
    let away = "closed by the server with 1001";
    let expected = [
        "attempt 1 after 0, nothing".to_owned(),
        "open 1".to_owned(),
        format!("waiting, {lost}"),
        format!("attempt 2 after 1, {lost}"),
        format!("waiting, {refused}"),
        format!("attempt 3 after 1, {refused}"),
        "open 2".to_owned(),
        // It has lived.
        format!("waiting, {away}"),
        format!("attempt 2 after 2, {away}"),
        "open 3".to_owned(),
        "stopped, closed by the server with 4004".to_owned(),
    ];
    assert_eq!(*lines.lock().unwrap(), expected);
}

/// A rule has the last word, and knows the default.
#[tokio::test(start_paused = true)]
async fn rule_overrides_the_default() {
    let (mut servers, builder) = servers();
    servers.expect([Outcome::Refused(401)]);
    let mut socket = builder
        .rule(
            |cause, default| match (cause.code(), cause.status(), default) {
                (_, Some(status), Decision::Stop) if status == 401 => {
                    Decision::Wait(Duration::from_secs(3))
                }
                (Some(4001), _, Decision::Stop) => Decision::Wait(Duration::from_secs(7)),
                (Some(1001), _, Decision::Wait(_)) => Decision::Stop,
                other => panic!("{other:?}"),
            },
        )
        .build();
    expect_open(&mut socket, 1).await;
    assert_eq!(servers.last_wait().as_secs(), 3);
    let closing = close(servers.next(), 4001);
    expect_lost(&mut socket).await;
    expect_open(&mut socket, 2).await;
    assert_eq!(servers.last_wait().as_secs(), 7);
    closing.await.expect("closed");
    let closing = close(servers.next(), 1001);
    expect_stopped(&mut socket).await;
    closing.await.expect("closed");
}

/// An attempt that hangs, in a hook or on the network, has an end.
#[tokio::test(start_paused = true)]
async fn attempt_has_an_end() {
    let (servers, builder) = servers();
    servers.expect([Outcome::Hangs]);
    let mut socket = builder
        .rule(|cause, _| {
            assert!(matches!(cause, Cause::TimedOut));
            Decision::Stop
        })
        .build();
    let began = Instant::now();
    let stopped = expect_stopped(&mut socket).await;
    let said = "there will be no other connection: no connection within attempt_timeout";
    assert_eq!(stopped.to_string(), said);
    assert_eq!(began.elapsed().as_secs(), 30);
}

/// What a hook fails with is judged for what it is.
#[test]
fn errors_of_hooks_are_recognised() {
    assert!(matches!(
        Cause::of_hook(Box::new(closed(4000))),
        Cause::Closed(Some(_))
    ));
    let error = Box::new(refused(401, None));
    assert_eq!(Cause::of_hook(error).status().expect("a status"), 401);
    let error = Box::new(Error::Lost(Loss::Ended));
    assert_eq!(Cause::of_hook(error).code(), Some(1006));
    let cause = Cause::of_hook("no token".into());
    assert_eq!(
        (cause.to_string().as_str(), cause.code()),
        ("no token", None)
    );
}

/// Whatever ends a connection has a code and a sentence.
#[test]
fn causes_say_what_happened() {
    let wrong = Error::Protocol(crate::ProtocolError::MaskedFrame);
    let rows = [
        (closed(1008), Some(1008), "closed by the server with 1008"),
        (
            Cause::Closed(Some(CloseFrame::new(4001, "no\nseat"))),
            Some(4001),
            "closed by the server with 4001 \"no\\nseat\"",
        ),
        (
            Cause::Closed(None),
            Some(1005),
            "closed by the server without a code",
        ),
        (
            Cause::Broken(wrong),
            Some(1002),
            "peer broke the protocol (RFC 6455, section 5.1): frame from a server is masked",
        ),
        (
            Cause::NotOpened(unreachable()),
            None,
            "cannot connect: connection refused",
        ),
    ];
    for (cause, code, said) in rows {
        assert_eq!(cause.code(), code);
        assert_eq!(cause.to_string(), said);
    }
}

/// A query may have a token, which is not for a log.
#[test]
fn debug_output_leaves_the_query_out() {
    let builder = client::Builder::new();
    let rows = [
        ("ws://localhost/ws?token=secret", "\"ws://localhost/ws?..\""),
        ("ws://localhost/ws?a?secret", "\"ws://localhost/ws?..\""),
        ("ws://localhost/ws?", "\"ws://localhost/ws?..\""),
        ("ws://localhost/ws", "\"ws://localhost/ws\""),
    ];
    for (uri, shown) in rows {
        let next = NextRequest::from((builder.clone(), uri));
        let texts = [
            format!("{:?}", builder.reconnecting(uri)),
            format!("{next:?}"),
        ];
        for text in texts {
            assert!(text.contains(shown), "{text}");
            assert!(!text.contains("secret"), "{text}");
        }
    }
    let next = NextRequest::from(builder);
    assert!(format!("{next:?}").contains("uri: None"), "{next:?}");
}

/// A socket is sent to the task that has it.
#[test]
fn sockets_can_be_sent() {
    fn can_be_sent<T: Send + Unpin>(_: &T) {}
    let mut socket = client::Builder::new()
        .reconnecting("ws://localhost")
        .build();
    can_be_sent(&socket);
    can_be_sent(&Box::pin(socket.recv()));
    can_be_sent(&Box::pin(socket.send(text(1))));
    can_be_sent(&Box::pin(socket.close(None)));
    assert!(format!("{socket:?}").starts_with("Reconnecting"));
}
