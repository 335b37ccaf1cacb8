//! Hooks of layers and services: what they are made of, and when they are called.

use std::{
    convert::Infallible,
    error::Error,
    fmt::Display,
    rc::Rc,
    sync::{Arc, Mutex},
};

use http::{StatusCode, request::Parts};
use tokio::{
    io::DuplexStream,
    runtime,
    sync::{
        Notify,
        mpsc::{self, UnboundedReceiver, UnboundedSender},
    },
};
use tokio_util::task::TaskTracker;
use tower::{Layer, ServiceExt, service_fn};
use tower_websock::{
    Closure, ConnectionTask, End, Handler, HandlerEnd, Loss, WebSocket, WebSocketLayer,
    WebSocketService,
};

use crate::support::{
    hold,
    raw::{CLOSE, Client, close_body, soon},
};

use super::{connected, remove, set, unreachable, unused};

/// A log that hooks write, in the order in which they are called.
#[derive(Clone)]
struct Log(UnboundedSender<String>);

impl Log {
    fn new() -> (Self, UnboundedReceiver<String>) {
        let (sender, log) = mpsc::unbounded_channel();
        (Self(sender), log)
    }

    fn write(&self, line: impl Display) {
        self.0.send(line.to_string()).unwrap();
    }
}

async fn next(log: &mut UnboundedReceiver<String>) -> String {
    soon(log.recv()).await.expect("one more line")
}

/// Check, origin, authorize, acceptance, error, end: each once, with the identity.
#[tokio::test(start_paused = true)]
async fn hooks_are_called_in_order_and_know_who_it_is() {
    let (log, mut lines) = Log::new();
    let (first, second, third) = (log.clone(), log.clone(), log);
    let layer =
        WebSocketLayer::new(async |_socket: WebSocket| Err::<(), _>(String::from("broken")))
            .authorize(move |request: &mut Parts| {
                first.write("authorize");
                request.extensions.insert("ann");
                Ok::<_, StatusCode>(())
            })
            .on_error(move |request: &Parts| {
                let (log, user) = (second.clone(), request.extensions.get::<&str>().copied());
                log.write("on_error is made");
                move |error| log.write(format!("{}: {error}", user.unwrap()))
            })
            .on_end(move |request: &Parts| {
                let (log, user) = (third.clone(), request.extensions.get::<&str>().copied());
                log.write("on_end is made");
                move |end| {
                    assert!(end.closure().unwrap().is_clean());
                    assert!(end.upgrade_error().is_none());
                    assert_eq!(end.handler(), HandlerEnd::Failed);
                    log.write(format!("{} ends: {}", user.unwrap(), end.error().unwrap()));
                }
            });
    let (mut client, request) = connected();
    let service = layer.layer(service_fn(unreachable));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 101);
    for line in [
        "authorize",
        "on_end is made",
        "on_error is made",
        "ann: broken",
    ] {
        assert_eq!(next(&mut lines).await, line);
    }
    client.expect(CLOSE, close_body(1011, "")).await;
    assert!(lines.is_empty(), "the connection is not over");
    client.answer_close(1011).await;
    assert_eq!(next(&mut lines).await, "ann ends: broken");
    drop(layer);
    assert_eq!(soon(lines.recv()).await, None);
}

/// Hooks of a request that is not accepted are neither made nor called.
#[tokio::test]
async fn nothing_is_called_for_a_request_that_is_refused() {
    let (log, mut lines) = Log::new();
    let (second, third) = (log.clone(), log.clone());
    let service = WebSocketService::new(unused)
        .on_end(move |_| {
            log.write("on_end");
            |_| {}
        })
        .on_error(move |_| {
            second.write("on_error");
            |_| {}
        })
        .executor(move |_| third.write("executor"));
    let (_client, mut no_key) = connected();
    remove(&mut no_key, "sec-websocket-key");
    let (_client, mut evil) = connected();
    set(&mut evil, "origin", "https://evil.com");
    for (request, status) in [(no_key, 400), (evil, 403)] {
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
    }
    let (_client, request) = connected();
    let service = service.authorize(|_| Err(StatusCode::UNAUTHORIZED));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(lines.recv().await, None);
}

/// A hook for every handler whose error can be shown.
fn log_end<E: Display>(log: &Log) -> impl Fn(&Parts) -> LogEnd<E> + Send + Sync + 'static + use<E> {
    let log = log.clone();
    move |_| {
        let log = log.clone();
        Box::new(move |end| {
            let error = end.error().map(ToString::to_string);
            log.write(format!("{:?} {error:?}", end.handler()));
        })
    }
}

type LogEnd<E> = Box<dyn FnOnce(&End<E>) + Send>;

/// Serves a connection whose handler fails, or not, to its end.
async fn serve_to_the_end<H: Handler<Args>, Args: 'static>(
    service: WebSocketService<H, Args>,
    code: u16,
) {
    let mut client = serve(service).await;
    client.expect(CLOSE, close_body(code, "")).await;
    client.answer_close(code).await;
}

/// Every kind of handler has hooks that fit, whatever its error can do.
#[tokio::test(start_paused = true)]
async fn hooks_fit_every_kind_of_handler() {
    struct Silent;

    let (log, mut lines) = Log::new();
    let service =
        WebSocketService::new(async |_: WebSocket| {}).on_end(log_end::<Infallible>(&log));
    serve_to_the_end(service, 1000).await;
    assert_eq!(next(&mut lines).await, "Returned None");

    let service = WebSocketService::new(async |_: WebSocket| {
        Err::<(), Box<dyn Error + Send + Sync>>("boxed".into())
    });
    serve_to_the_end(service.on_end(log_end(&log)), 1011).await;
    assert_eq!(next(&mut lines).await, "Failed Some(\"boxed\")");

    // Not to be shown, and not to be sent.
    let (of_silent, of_local) = (log.clone(), log);
    let service = WebSocketService::new(async |_: WebSocket| Err::<(), _>(Silent));
    let service = service.on_error(move |_| {
        let log = of_silent.clone();
        move |Silent: &Silent| log.write("silent")
    });
    serve_to_the_end(service, 1011).await;
    assert_eq!(next(&mut lines).await, "silent");

    let service = WebSocketService::new(async |_: WebSocket| Err::<(), Rc<str>>("local".into()));
    let service = service.on_error(move |_| {
        let log = of_local.clone();
        move |error| log.write(error)
    });
    serve_to_the_end(service, 1011).await;
    assert_eq!(next(&mut lines).await, "local");
}

/// Asks a service for a connection.
async fn serve<H: Handler<Args>, Args: 'static>(
    service: WebSocketService<H, Args>,
) -> Client<DuplexStream> {
    let (client, request) = connected();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 101);
    client
}

/// A hook that panics, wherever, takes nothing with it: handler, Close and the other hook go on.
#[tokio::test(start_paused = true)]
async fn hooks_that_panic_take_nothing_down() {
    let (log, mut lines) = Log::new();
    let second = log.clone();
    let handler = async |_: WebSocket| Err::<(), _>("broken");
    let rows = [
        WebSocketService::new(handler)
            .on_error(|_| |_| panic!("in on_error, for the test"))
            .on_end(move |_| {
                let log = log.clone();
                move |end| log.write(format!("{:?}", end.error()))
            }),
        WebSocketService::new(handler)
            .on_end(|_| |_| panic!("in on_end, for the test"))
            .on_error(move |_| {
                let log = second.clone();
                move |error| log.write(format!("Some({error:?})"))
            }),
        WebSocketService::new(handler)
            .on_end(|_| -> fn(&End<&'static str>) { panic!("in what makes it, for the test") })
            .on_error(|_| -> fn(&&'static str) { panic!("in what makes it, for the test") }),
    ];
    for (row, service) in rows.into_iter().enumerate() {
        let tasks = TaskTracker::new();
        let results = Arc::new(Mutex::new(Vec::new()));
        let (tracker, joined) = (tasks.clone(), results.clone());
        let service = service.executor(move |task| {
            joined.lock().unwrap().push(tracker.spawn(task));
        });
        let mut client = serve(service).await;
        client.expect(CLOSE, close_body(1011, "")).await;
        client.answer_close(1011).await;
        tasks.close();
        soon(tasks.wait()).await;
        let task = results.lock().unwrap().pop().unwrap();
        assert!(task.await.is_ok(), "{row}: the task panicked");
        if row < 2 {
            assert_eq!(next(&mut lines).await, "Some(\"broken\")");
        }
    }
}

/// The task of each connection, and nothing else, is given to the executor; if it is thrown away,
/// so is the connection.
#[tokio::test(start_paused = true)]
async fn executor_runs_the_tasks() {
    let tasks = TaskTracker::new();
    let tracker = tasks.clone();
    let service = WebSocketService::new(
        async |mut socket: WebSocket| {
            while socket.recv().await.is_some() {}
        },
    )
    .executor(move |task| tracker.spawn(task));
    let clients = [serve(service.clone()).await, serve(service).await];
    tasks.close();
    assert_eq!(tasks.len(), 2);
    for client in clients {
        client.close().await;
    }
    soon(tasks.wait()).await;

    let (log, mut lines) = Log::new();
    let service = WebSocketService::new(unused)
        .executor(drop::<ConnectionTask>)
        .on_end(move |_| {
            let log = log.clone();
            move |end| log.write(end.upgrade_error().unwrap())
        });
    serve(service).await.expect_end().await;
    let line = next(&mut lines).await;
    assert!(line.starts_with("the task was dropped"), "{line}");
}

/// `Closure` of an open connection whose task is dropped: what is known then.
#[tokio::test]
async fn runtime_that_is_shut_down_ends_connections() {
    let (log, mut lines) = Log::new();
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let handle = runtime.handle().clone();
    let ready = Arc::new(Notify::new());
    let is_ready = ready.clone();
    let service = WebSocketService::new(move |socket: WebSocket| {
        let ready = ready.clone();
        async move {
            ready.notify_one();
            hold(socket).await;
        }
    })
    .executor(move |task| handle.spawn(task))
    .on_end(move |_| {
        let log = log.clone();
        move |end| {
            assert_eq!(end.closure(), Some(&Closure::Lost(Loss::Cut)));
            log.write(format!("{:?}", end.handler()));
        }
    });
    let mut client = serve(service).await;
    soon(is_ready.notified()).await;
    runtime.shutdown_background();
    assert_eq!(next(&mut lines).await, "Dropped");
    assert_eq!(soon(lines.recv()).await, None);
    client.expect_end().await;
}
