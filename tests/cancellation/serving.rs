//! The futures of a server: of requests, of handlers, of its end. To drop one drops what it holds.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ::axum::{Router, body::Body};
use http::{Request, Response, StatusCode};
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    task::{spawn_local, yield_now},
};
use tower::{Layer, Service};
use tower_websock::{
    Accepting, CloseFrame, Closure, Config, Connections, Drain, End, KeepAlive, Message,
    ProvidedIo, UpgradeError, WebSocket, WebSocketLayer, WebSocketUpgrade, axum,
};

use crate::{
    cut::Cut,
    session::{Place, Session},
    support::{self, echo},
    table::Entry,
};

pub(crate) const SERVING: &[Entry] = &[
    Entry::alone("Accepting::socket", |_, cut| {
        Box::pin(upgrading(cut, async |accepting| accepting.socket().await))
    }),
    Entry::alone("axum::Accepting::socket", |_, cut| {
        Box::pin(upgrading(cut, async |accepting| {
            let socket = axum::Accepting::from(accepting).socket().await;
            socket.map(axum::WebSocket::into_inner)
        }))
    }),
    Entry::alone("Future for Supervise", |place, cut| {
        serving(place, cut, async |accepting, guard| {
            accepting.supervise(|socket| echoing(socket, guard)).await
        })
    }),
    Entry::alone("Future for Supervise", |place, cut| {
        serving(place, cut, async |accepting, guard| {
            let accepting = axum::Accepting::from(accepting);
            let handler = |socket: axum::WebSocket| echoing(socket.into_inner(), guard);
            accepting.supervise(handler).await
        })
    }),
    Entry::alone("Future for ResponseFuture", |_, cut| {
        let (layer, gate) = (WebSocketLayer::new(echo), decide);
        answering(cut, move |connections| {
            let layer = layer.clone().connections(connections);
            let inner = tower::service_fn(async |_: Request<Body>| {
                Ok::<_, Infallible>(Response::new(String::new()))
            });
            layer.authorize_async(gate).layer(inner)
        })
    }),
    Entry::alone("Future for axum::LayerFuture", |_, cut| {
        answering(cut, |connections| {
            let layer = axum::WebSocketLayer::new(echo).connections(connections);
            layer.authorize_async(decide).layer(Router::<()>::new())
        })
    }),
    Entry::alone("Connections::drain", |_, cut| Box::pin(draining(cut))),
];

/// Takes some polls to accept.
pub(crate) async fn decide(
    request: http::request::Parts,
) -> Result<http::request::Parts, StatusCode> {
    for _ in 0..5 {
        yield_now().await;
    }
    Ok(request)
}

/// A server of one connection after the other.
struct Server {
    place: Place,
    connections: Connections,
    /// How often `on_end` was called.
    ended: Arc<AtomicUsize>,
    accepted: usize,
}

type Client = WebSocket<DuplexStream>;

impl Server {
    fn new(place: Place) -> Self {
        Self {
            place,
            connections: Connections::new(),
            ended: Arc::default(),
            accepted: 0,
        }
    }

    /// The next connection, which has been accepted and opens soon.
    fn next(&mut self) -> (Client, Accepting) {
        let (ours, theirs) = duplex(100);
        let (theirs, release) = ProvidedIo::held(theirs);
        let (mut parts, ()) = support::handshake().into_parts();
        parts.extensions.insert(theirs);
        let ended = self.ended.clone();
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let (_, accepting) = upgrade
            .config(self.place.config())
            .connections(&self.connections)
            .on_end(move |_: &End| {
                ended.fetch_add(1, Ordering::Relaxed);
            })
            .accept::<()>()
            .unwrap();
        self.accepted += 1;
        spawn_local(async move {
            for _ in 0..3 {
                yield_now().await;
            }
            release.release();
        });
        (WebSocket::client(ours, &self.place.config()), accepting)
    }
}

/// The upgrade of an accepted request.
async fn upgrading(cut: Rc<Cut>, call: impl AsyncFn(Accepting) -> Result<WebSocket, UpgradeError>) {
    let place = Place::SMALL;
    let mut server = Server::new(place);
    let (mut ours, theirs) = loop {
        let (mut client, accepting) = server.next();
        if let Some(socket) = cut.call(call(accepting)).await {
            break (client, socket.unwrap());
        }
        assert_eq!(server.connections.len(), 0);
        let item = client.recv().await;
        assert!(!matches!(item, Some(Ok(_))), "{item:?}");
    };
    let echoing = spawn_local(async move { echo(theirs).await.unwrap() });
    for message in place.messages() {
        ours.send(message.clone()).await.unwrap();
        assert_eq!(ours.recv().await.unwrap().unwrap(), message);
    }
    assert!(ours.close(None).await.unwrap().is_clean());
    echoing.await.unwrap();
    assert_eq!(server.connections.len(), 0);
}

/// Whether the handler lives.
struct Guard(Rc<Cell<usize>>);

impl Guard {
    fn new(living: &Rc<Cell<usize>>) -> Self {
        living.set(living.get() + 1);
        Self(living.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

async fn echoing(socket: WebSocket, guard: Guard) {
    // Its own sending fails if the client is gone.
    drop(echo(socket).await);
    drop(guard);
}

/// A handler under its supervisor.
fn serving(
    place: Place,
    cut: Rc<Cut>,
    call: impl AsyncFn(Accepting, Guard) -> Result<Closure, UpgradeError> + 'static,
) -> Session {
    Box::pin(async move {
        let living = Rc::default();
        let mut server = Server::new(place);
        loop {
            let (client, accepting) = server.next();
            let client = spawn_local(talking(place, client));
            let closure = cut.call(call(accepting, Guard::new(&living))).await;
            assert_eq!(living.get(), 0, "the handler lives");
            assert_eq!(server.connections.len(), 0, "a place is taken");
            assert_eq!(server.ended.load(Ordering::Relaxed), server.accepted);
            let is_whole = client.await.unwrap();
            if let Some(closure) = closure {
                assert!(closure.unwrap().is_clean());
                assert!(is_whole);
                break;
            }
        }
    })
}

/// Sends and receives until all is echoed, or the server is gone. Tells which.
async fn talking(place: Place, mut socket: Client) -> bool {
    for message in place.messages() {
        if socket.send(message.clone()).await.is_err() {
            return false;
        }
        match socket.recv().await {
            Some(Ok(echoed)) => assert_eq!(echoed, message),
            _ => return false,
        }
    }
    let closure = socket.close(None).await.unwrap();
    closure.is_clean()
}

/// The answer to a request, on which somebody decides who takes his time.
fn answering<S, B>(cut: Rc<Cut>, service: impl FnOnce(&Connections) -> S + 'static) -> Session
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + 'static,
{
    Box::pin(async move {
        let connections = Connections::new();
        let mut service = service(&connections);
        let (io, release) = loop {
            let (mut ours, theirs) = duplex(1000);
            let (theirs, release) = ProvidedIo::held(theirs);
            let mut request = support::handshake().map(|()| Body::empty());
            request.extensions_mut().insert(theirs);
            std::future::poll_fn(|cx| service.poll_ready(cx))
                .await
                .unwrap();
            if let Some(response) = cut.call(service.call(request)).await {
                assert_eq!(response.unwrap().status(), 101);
                break (ours, release);
            }
            assert_eq!(connections.len(), 0, "a place is taken");
            drop(release);
            assert_eq!(ours.read(&mut [0]).await.unwrap(), 0);
        };
        assert_eq!(connections.len(), 1);
        release.release();
        let mut socket = WebSocket::client(io, &Config::new());
        socket.send("hello".into()).await.unwrap();
        assert_eq!(
            socket.recv().await.unwrap().unwrap(),
            Message::text("hello")
        );
        assert!(socket.close(None).await.unwrap().is_clean());
        while !connections.is_empty() {
            yield_now().await;
        }
    })
}

/// All connections end, each with one Close.
async fn draining(cut: Rc<Cut>) {
    let connections = Connections::new();
    let told = Rc::new(RefCell::new(0));
    let mut clients = Vec::new();
    for _ in 0..4 {
        let (ours, theirs) = duplex(100);
        let (mut parts, ()) = support::handshake().into_parts();
        parts.extensions.insert(ProvidedIo::new(theirs));
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let upgrade = upgrade.connections(&connections);
        let (_, accepting) = upgrade.accept::<()>().unwrap();
        spawn_local(accepting.supervise(echo));
        let told = told.clone();
        clients.push(spawn_local(async move {
            let mut socket = WebSocket::client(ours, &Config::new().keep_alive(KeepAlive::OFF));
            let close = socket.recv().await.unwrap().unwrap();
            let gone = CloseFrame::new(1001, "server is shutting down");
            assert_eq!(close, Message::Close(Some(gone)));
            *told.borrow_mut() += 1;
            assert!(socket.recv().await.is_none());
        }));
    }
    // They open.
    for _ in 0..100 {
        yield_now().await;
    }
    let drain = Drain::new()
        .accept_for(Duration::ZERO)
        .spread(Duration::from_millis(20));
    let drained = cut
        .until_done(async || connections.drain(drain.clone()).await)
        .await;
    assert_eq!((drained.cut, drained.running), (0, 0));
    assert!(connections.is_empty() && !connections.is_ready());
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(*told.borrow(), 4);
}
