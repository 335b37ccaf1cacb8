//! The futures that open a connection of a client. To drop one drops its transport, whose other end
//! sees that.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    net::SocketAddr,
    path::PathBuf,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::Response;
use http_body_util::StreamBody;
use hyper::{
    body::{Frame, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use tokio::{
    io::{DuplexStream, duplex},
    net::{TcpListener, UnixListener},
    sync::mpsc::UnboundedReceiver,
    task::{spawn_local, yield_now},
};
use tokio_rustls::TlsAcceptor;
use tower_websock::{
    Config, Connections, Message, WebSocket, WebSocketService,
    client::{self, Builder, Error, Pending, Proxy, Tls},
};

use crate::{
    certificates::Authority,
    cut::Cut,
    serving::decide,
    session::{Session, serve},
    support::echo,
    table::Entry,
    tunnels,
};

const URI: &str = "ws://localhost/ws";

/// Bytes that a transport in memory holds.
const ROOM: usize = 40;

pub(crate) const OPENING: &[Entry] = &[
    Entry::alone("client::Builder::handshake", |_, cut| {
        opening(cut, async |net| {
            Builder::new().handshake(URI, net.io()).await
        })
    }),
    Entry::alone("client::Builder::handshake_with_response", |_, cut| {
        opening(cut, async |net| {
            let opened = Builder::new().handshake_with_response(URI, net.io()).await;
            opened.map(|(socket, _)| socket)
        })
    }),
    Entry::alone("client::Builder::connect_service", |_, cut| {
        opening(cut, async |net| {
            let service = WebSocketService::new(echo).connections(&net.connections);
            let service = service.authorize_async(decide);
            Builder::new().connect_service(URI, service).await
        })
    }),
    Entry::alone(
        "client::Builder::connect_service_with_response",
        |_, cut| {
            opening(cut, async |net| {
                let service = WebSocketService::new(echo).connections(&net.connections);
                let service = service.authorize_async(decide);
                let builder = Builder::new();
                let opening = builder.connect_service_with_response(URI, service);
                opening.await.map(|(socket, _)| socket)
            })
        },
    ),
    Entry::alone("client::Pending::complete", |_, cut| {
        completing(cut, async |pending, response| {
            pending.complete(response).await
        })
    }),
    Entry::alone("client::Pending::complete_with_response", |_, cut| {
        completing(cut, async |pending, response| {
            let completed = pending.complete_with_response(response).await;
            completed.map(|(socket, _)| socket)
        })
    }),
    Entry::alone("client::Pending::complete", |_, cut| {
        refused(cut, async |pending, response| {
            pending.complete(response).await
        })
    }),
    Entry::alone("client::Pending::complete_with_response", |_, cut| {
        refused(cut, async |pending, response| {
            let completed = pending.complete_with_response(response).await;
            completed.map(|(socket, _)| socket)
        })
    }),
    Entry::alone("client::extended_connect", |_, cut| {
        Box::pin(extended_connect(cut))
    }),
];

/// Over the system's sockets, by the system's clock.
pub(crate) const CONNECTING: &[Entry] = &[
    Entry::live("client::connect", |_, cut| {
        opening(cut, async |net| {
            client::connect(&format!("ws://{}/ws", net.tcp().await)).await
        })
    }),
    Entry::live("client::Builder::connect", |_, cut| {
        opening(cut, async |net| {
            let uri = format!("ws://{}/ws", net.tcp().await);
            Builder::new().connect(&uri).await
        })
    }),
    // Through proxies.
    Entry::live("client::Builder::connect", |_, cut| {
        opening(cut, async |net| {
            let to = net.tcp().await;
            let (proxy, asked) = tunnels::http_proxy("HTTP/1.1 200 OK\r\n\r\n", to).await;
            net.asked.borrow_mut().push(asked);
            let proxy = Proxy::http(&format!("http://{proxy}")).unwrap();
            let builder = Builder::new().proxy(proxy);
            builder.connect("ws://nowhere.invalid/ws").await
        })
    }),
    Entry::live("client::Builder::connect", |_, cut| {
        opening(cut, async |net| {
            let to = net.tcp().await;
            let (proxy, asked) =
                tunnels::socks_proxy(Some(("me", "secret")), tunnels::BOUND, to).await;
            net.asked.borrow_mut().push(asked);
            let proxy = Proxy::socks5(&format!("socks5://me:secret@{proxy}")).unwrap();
            let builder = Builder::new().proxy(proxy);
            builder.connect("ws://nowhere.invalid/ws").await
        })
    }),
    // Over TLS.
    Entry::live("client::Builder::connect", |_, cut| {
        opening(cut, async |net| {
            let (address, tls) = net.tls().await;
            let builder = Builder::new().tls(tls);
            builder.connect(&format!("wss://{address}/ws")).await
        })
    }),
    Entry::live("client::Builder::connect_with_response", |_, cut| {
        opening(cut, async |net| {
            let uri = format!("ws://{}/ws", net.tcp().await);
            let opened = Builder::new().connect_with_response(&uri).await;
            opened.map(|(socket, _)| socket)
        })
    }),
    Entry::live("client::Builder::connect_unix", |_, cut| {
        opening(cut, async |net| {
            Builder::new().connect_unix(net.unix(), URI).await
        })
    }),
    Entry::live("client::Builder::connect_unix_with_response", |_, cut| {
        opening(cut, async |net| {
            let builder = Builder::new();
            let opening = builder.connect_unix_with_response(net.unix(), URI);
            opening.await.map(|(socket, _)| socket)
        })
    }),
];

/// Servers that echo, and count.
struct Net {
    connections: Connections,
    /// HTTP connections that go on.
    open: Rc<Cell<usize>>,
    /// What proxies are asked.
    asked: RefCell<Vec<UnboundedReceiver<Vec<u8>>>>,
}

impl Net {
    fn new() -> Self {
        Self {
            connections: Connections::new(),
            open: Rc::default(),
            asked: RefCell::default(),
        }
    }

    fn serve(
        &self,
        io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    ) {
        let serving = serve(io, Config::new(), &self.connections, |accepting| {
            spawn_local(accepting.supervise(echo));
        });
        let open = self.open.clone();
        open.set(open.get() + 1);
        spawn_local(async move {
            serving.await.unwrap();
            open.set(open.get() - 1);
        });
    }

    /// A client's end of a new connection in memory.
    fn io(&self) -> DuplexStream {
        let (ours, theirs) = duplex(ROOM);
        self.serve(theirs);
        ours
    }

    /// The address of a server of one connection.
    async fn tcp(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        self.accept(async move { Some(listener.accept().await.unwrap().0) });
        address
    }

    /// The same over TLS, and what trusts it.
    async fn tls(&self) -> (SocketAddr, Tls) {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(Arc::new(authority.server(&["127.0.0.1"])));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        self.accept(async move {
            let io = listener.accept().await.unwrap().0;
            acceptor.accept(io).await.ok()
        });
        (address, Tls::with_ca(authority.pem().as_bytes()).unwrap())
    }

    /// The same with a path.
    fn unix(&self) -> PathBuf {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tower-websock-cancel-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let bound = path.clone();
        self.accept(async move {
            let io = listener.accept().await.unwrap().0;
            let _ = std::fs::remove_file(bound);
            Some(io)
        });
        path
    }

    /// Nobody may come: then the listener goes with the runtime. Who does may leave before there
    /// is a transport.
    fn accept<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static>(
        &self,
        accepting: impl Future<Output = Option<T>> + 'static,
    ) {
        let net = Self {
            connections: self.connections.clone(),
            open: self.open.clone(),
            asked: RefCell::default(),
        };
        spawn_local(async move {
            if let Some(io) = accepting.await {
                net.serve(io);
            }
        });
    }

    /// Nothing of all the connections is left, once everybody has had his turns.
    async fn is_left(&self) -> bool {
        for _ in 0..100_000 {
            if self.connections.is_empty() && self.open.get() == 0 {
                return true;
            }
            yield_now().await;
        }
        false
    }
}

/// A call that opens a connection is dropped and made again, until there is one.
fn opening(
    cut: Rc<Cut>,
    call: impl AsyncFn(&Net) -> Result<WebSocket, Error> + 'static,
) -> Session {
    Box::pin(async move {
        let net = Net::new();
        let socket = cut.until_done(async || call(&net).await).await;
        works(socket.unwrap()).await;
        assert!(net.is_left().await, "a server still waits for its client");
    })
}

/// Of an answer that came.
fn completing(
    cut: Rc<Cut>,
    call: impl AsyncFn(Pending, Response<Incoming>) -> Result<WebSocket, Error> + 'static,
) -> Session {
    Box::pin(async move {
        let net = Net::new();
        let socket = loop {
            let (request, pending) = Builder::new().request_origin_form::<String>(URI).unwrap();
            let (mut sender, connection) = http1::handshake(TokioIo::new(net.io())).await.unwrap();
            spawn_local(connection.with_upgrades());
            let response = sender.send_request(request).await.unwrap();
            drop(sender);
            if let Some(socket) = cut.call(call(pending, response)).await {
                break socket;
            }
        };
        works(socket.unwrap()).await;
        assert!(net.is_left().await, "a server still waits for its client");
    })
}

type Slow = StreamBody<Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>>>>>;

/// Of a refusal whose body takes its time: it is kept as a whole.
fn refused(
    cut: Rc<Cut>,
    call: impl AsyncFn(Pending, Response<Slow>) -> Result<WebSocket, Error> + 'static,
) -> Session {
    Box::pin(async move {
        let refusal = loop {
            let (_, pending) = Builder::new().request::<String>(URI).unwrap();
            let pieces = stream::iter(["you ", "may ", "not"]).then(async |piece| {
                yield_now().await;
                Ok(Frame::data(Bytes::from(piece)))
            });
            let response = Response::builder().status(403);
            let response = response
                .body(StreamBody::new(pieces.boxed_local() as _))
                .unwrap();
            if let Some(completed) = cut.call(call(pending, response)).await {
                break completed.unwrap_err();
            }
        };
        let Error::Refused(response) = refusal else {
            panic!("{refusal:?}");
        };
        assert_eq!(response.body(), "you may not");
    })
}

/// The connection can be driven on.
async fn extended_connect(cut: Rc<Cut>) {
    let (ours, theirs) = duplex(ROOM);
    let connections = Connections::new();
    let service = WebSocketService::new(echo).connections(&connections);
    let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    let serving = server
        .enable_connect_protocol()
        .serve_connection(TokioIo::new(theirs), TowerToHyperService::new(service));
    let serving = tokio::spawn(serving);
    let handshake = http2::handshake::<_, _, String>(TokioExecutor::new(), TokioIo::new(ours));
    let (mut http, mut connection) = handshake.await.unwrap();
    let connected = cut
        .until_done(async || client::extended_connect(&mut connection).await)
        .await;
    connected.unwrap();
    let driving = tokio::spawn(connection);
    let (request, pending) = Builder::new().http2_request(URI).unwrap();
    let response = http.send_request(request).await.unwrap();
    works(pending.complete(response).await.unwrap()).await;
    drop(http);
    driving.await.unwrap().unwrap();
    serving.await.unwrap().unwrap();
    assert_eq!(connections.len(), 0);
}

/// Messages are echoed, and it closes.
async fn works(mut socket: WebSocket) {
    let message = Message::text("is anybody there?");
    socket.send(message.clone()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), message);
    assert!(socket.close(None).await.unwrap().is_clean());
}
