//! A server's connections, wherever they are mounted, over TCP.

use std::{
    net::SocketAddr,
    panic::resume_unwind,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinSet,
    time::sleep,
};
use tower_websock::{
    CloseFrame, Connections, Drain, Message, ProvidedIo, WebSocket, WebSocketLayer,
    WebSocketService, axum::WebSocketUpgrade, close_code,
};

use crate::support::{
    CLOSE, TEXT, echo, frame,
    raw::{Client, RawRequest, close_body, soon},
};

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, service).await.unwrap() });
    address
}

async fn connect(address: SocketAddr) -> Client<TcpStream> {
    Client::new(TcpStream::connect(address).await.unwrap())
}

fn request(path: &str) -> RawRequest {
    RawRequest::handshake().with_line(&format!("GET {path} HTTP/1.1"))
}

/// Only a test that fails waits so long.
async fn until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never was");
        sleep(Duration::from_millis(1)).await;
    }
}

async fn by_extractor(upgrade: WebSocketUpgrade, State(all): State<Connections>) -> Response {
    let upgrade = upgrade.connections(&all);
    upgrade.on_upgrade(async |mut socket| while let Some(Ok(_)) = socket.recv().await {})
}

/// A layer, a service and an extractor share one limit. Beyond it: 503, when to come back, and why.
#[tokio::test]
async fn mounts_share_a_limit() {
    let connections = Connections::new().max(3).retry_after(30);
    let service = WebSocketService::new(echo).connections(&connections);
    let layer = WebSocketLayer::new(echo).connections(&connections);
    let router = Router::new()
        .route("/extractor", any(by_extractor))
        .with_state(connections.clone())
        .route_service("/service", service)
        .route("/layer", get(async || "page").layer(layer));
    let address = serve(router).await;
    let mut open = Vec::new();
    for path in ["/extractor", "/service", "/layer"] {
        let mut client = connect(address).await;
        client.upgrade(&request(path)).await;
        open.push(client);
        assert_eq!(connections.len(), open.len());
    }
    for path in ["/extractor", "/service", "/layer"] {
        let mut client = connect(address).await;
        client.send(request(path).bytes()).await;
        let response = client.response().await;
        assert_eq!(response.status(), 503, "{path}");
        assert_eq!(response.headers()["retry-after"], "30");
        let sentence = "the server has as many connections as it takes; try again later\n";
        assert_eq!(response.body(), sentence.as_bytes());
    }
    assert_eq!(connections.len(), 3);
    // One leaves, one comes.
    open.pop().unwrap().close().await;
    until(|| connections.len() == 2).await;
    let mut client = connect(address).await;
    client.upgrade(&request("/layer")).await;
}

/// The application tells from a request whose connection it opens: here by the address of the
/// peer and by a header.
#[tokio::test]
async fn mounts_derive_the_key_from_the_request() {
    async fn by_user(
        upgrade: WebSocketUpgrade,
        State(all): State<Connections>,
        headers: HeaderMap,
    ) -> Response {
        let user = headers["user"].to_str().unwrap();
        let upgrade = upgrade.connections(&all).connection_key(user);
        upgrade.on_upgrade(async |mut socket| while let Some(Ok(_)) = socket.recv().await {})
    }
    let connections = Connections::new().max_per_key(2);
    let by_address = WebSocketService::new(echo)
        .connections(&connections)
        .connection_key(|request: &Parts| {
            let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
            peer.map(|ConnectInfo(peer)| *peer)
        });
    let router = Router::new()
        .route("/user", any(by_user))
        .with_state(connections.clone())
        .route_service("/address", by_address);
    let address = serve(router).await;
    let ann = request("/user").with("User", "ann");
    let bob = request("/user").with("User", "bob");
    let mut open = Vec::new();
    for request in [&ann, &bob, &request("/address")] {
        for _ in 0..2 {
            let mut client = connect(address).await;
            client.upgrade(request).await;
            open.push(client);
        }
        let mut client = connect(address).await;
        client.send(request.bytes()).await;
        assert_eq!(client.response().await.status(), 503);
    }
    assert_eq!(connections.len_of("ann"), 2);
    assert_eq!(connections.len_of(address.ip()), 2);
    let keys = connections.iter().map(|one| one.key().unwrap().to_string());
    let keys: Vec<_> = keys.collect();
    assert_eq!(keys, ["ann", "ann", "bob", "bob", "127.0.0.1", "127.0.0.1"]);
}

/// An acceptance that an outer layer throws away, or that is never sent, gives the place back.
#[tokio::test]
async fn refusal_after_the_acceptance_gives_the_place_back() {
    async fn refuse(request: Request, next: Next) -> Response {
        let _accepted = next.run(request).await;
        StatusCode::UNAUTHORIZED.into_response()
    }
    async fn fail(request: Request, next: Next) -> Response {
        let _accepted = next.run(request).await;
        resume_unwind(Box::new(()))
    }
    let connections = Connections::new().max(1);
    let service = || WebSocketService::new(echo).connections(&connections);
    let router = Router::new()
        .route_service("/refused", service())
        .layer(from_fn(refuse))
        .merge(
            Router::new()
                .route_service("/failed", service())
                .layer(from_fn(fail)),
        )
        .route_service("/ws", service());
    let address = serve(router).await;
    for _ in 0..3 {
        let mut client = connect(address).await;
        client.send(request("/refused").bytes()).await;
        assert_eq!(client.response().await.status(), 401);
        until(|| connections.is_empty()).await;
        let mut client = connect(address).await;
        client.send(request("/failed").bytes()).await;
        client.expect_end().await;
        until(|| connections.is_empty()).await;
    }
    let mut client = connect(address).await;
    client.upgrade(&request("/ws")).await;
    client.close().await;
}

/// What a client of the storm does.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// A closing handshake.
    Close,
    /// Its handler panics, fails, returns.
    Order(&'static str),
    /// A reset, after the handshake, and before its answer.
    Reset,
    ResetAtOnce,
    Leave,
    LeaveAtOnce,
    /// A request that is refused.
    Wrong,
    /// Half of one.
    Half,
}

const ACTS: [Act; 10] = [
    Act::Close,
    Act::Order("panic"),
    Act::Order("fail"),
    Act::Order("return"),
    Act::Reset,
    Act::ResetAtOnce,
    Act::Leave,
    Act::LeaveAtOnce,
    Act::Wrong,
    Act::Half,
];

async fn obey(mut socket: WebSocket) -> Result<(), &'static str> {
    while let Some(Ok(message)) = socket.recv().await {
        match message {
            Message::Text(order) if order == "panic" => resume_unwind(Box::new(())),
            Message::Text(order) if order == "fail" => return Err("as told"),
            Message::Text(_) => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

/// Returns whether it was let in, if it waited for that.
async fn act(address: SocketAddr, act: Act) -> Option<bool> {
    let mut io = TcpStream::connect(address).await.unwrap();
    let handshake = request("/ws");
    match act {
        Act::Wrong => {
            let mut client = Client::new(io);
            let wrong = handshake.set("Sec-WebSocket-Key", "x");
            client.send(wrong.bytes()).await;
            assert_eq!(client.response().await.status(), 400);
            return None;
        }
        Act::Half => {
            io.write_all(&handshake.bytes()[..20]).await.unwrap();
            return None;
        }
        Act::LeaveAtOnce => {
            io.write_all(&handshake.bytes()).await.unwrap();
            return None;
        }
        Act::ResetAtOnce => {
            io.write_all(&handshake.bytes()).await.unwrap();
            io.set_zero_linger().unwrap();
            return None;
        }
        _ => {}
    }
    if let Act::Reset = act {
        io.set_zero_linger().unwrap();
    }
    let mut client = Client::new(io);
    client.send(handshake.bytes()).await;
    let status = client.response().await.status();
    if status == 503 {
        return Some(false);
    }
    assert_eq!(status, 101);
    match act {
        Act::Close => client.close().await,
        Act::Order(order) => {
            client.send(frame(TEXT, order.as_bytes())).await;
            let (first, body) = client.frame().await;
            assert_eq!(first, CLOSE);
            let code = u16::from_be_bytes(*body.first_chunk().unwrap());
            client.send(frame(CLOSE, &close_body(code, ""))).await;
            client.expect_end().await;
        }
        _ => {}
    }
    Some(true)
}

/// Connects, panics, resets and refusals against a limit: the count is never beyond it, and zero
/// afterwards, a hundred times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storm_leaves_nobody_behind() {
    const MAX: usize = 6;
    let connections = Connections::new().max(MAX);
    let service = WebSocketService::new(obey).connections(&connections);
    let address = serve(Router::new().route_service("/ws", service)).await;
    let (mut refused, mut accepted) = (0, 0);
    for round in 0..100 {
        let mut clients = JoinSet::new();
        for client in 0..2 * ACTS.len() {
            clients.spawn(act(address, ACTS[(round + client) % ACTS.len()]));
        }
        while let Some(let_in) = soon(clients.join_next()).await {
            assert!(connections.len() <= MAX);
            match let_in.unwrap() {
                Some(true) => accepted += 1,
                Some(false) => refused += 1,
                None => {}
            }
        }
        until(|| connections.is_empty()).await;
        // As many as before find a place.
        if round % 10 == 9 {
            let places: Vec<_> = (0..=MAX).map_while(|_| place(&connections)).collect();
            assert_eq!(places.len(), MAX);
        }
    }
    println!("100 storms: {accepted} were accepted, {refused} refused");
    assert!(accepted > 100 && refused > 100, "{accepted}, {refused}");
}

/// A place that is kept.
fn place(connections: &Connections) -> Option<impl Sized> {
    let (mut parts, ()) = crate::support::handshake().into_parts();
    parts
        .extensions
        .insert(ProvidedIo::new(tokio::io::duplex(1).0));
    let upgrade = tower_websock::WebSocketUpgrade::from_parts(&mut parts).unwrap();
    let accepted = upgrade.connections(connections).accept::<Body>();
    accepted.ok().map(|(_, accepting)| accepting)
}

/// axum's graceful shutdown, with a drain before it: sockets are told, requests are served
/// meanwhile, and the server returns.
#[tokio::test]
async fn drain_goes_with_the_graceful_shutdown_of_axum() {
    let connections = Connections::new();
    let probe = connections.clone();
    let app = Router::new()
        .route("/ws", any(by_extractor))
        .with_state(connections.clone())
        .route(
            "/readyz",
            get(async move || {
                if probe.is_ready() {
                    StatusCode::OK
                } else {
                    StatusCode::SERVICE_UNAVAILABLE
                }
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let drain = Drain::new()
        .accept_for(Duration::from_millis(300))
        .spread(Duration::from_millis(300));
    let server = tokio::spawn({
        let connections = connections.clone();
        let stopped = async move {
            let _ = stopped.await;
            let drained = connections.drain(drain).await;
            assert_eq!((drained.clean, drained.cut), (4, 0));
        };
        async {
            axum::serve(listener, app)
                .with_graceful_shutdown(stopped)
                .await
        }
    });
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = connect(address).await;
        client.upgrade(&request("/ws")).await;
        clients.push(client);
    }
    let mut prober = connect(address).await;
    let probe = RawRequest::line("GET /readyz HTTP/1.1").with("Host", "localhost");
    prober.send(probe.bytes()).await;
    assert_eq!(prober.response().await.status(), 200);
    stop.send(()).unwrap();
    until(|| !connections.is_ready()).await;
    prober.send(probe.bytes()).await;
    assert_eq!(prober.response().await.status(), 503);
    // Still accepted.
    let mut late = connect(address).await;
    late.upgrade(&request("/ws")).await;
    clients.push(late);
    for mut client in clients {
        client.expect_close(close_code::AWAY).await;
        client.answer_close(close_code::AWAY).await;
    }
    soon(server).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// An administrator throws somebody out, by the number that the handler knows.
#[tokio::test]
async fn handler_knows_the_number_by_which_it_is_thrown_out() {
    let connections = Connections::new();
    let service = WebSocketService::new(async |mut socket: WebSocket| {
        let id = socket.id().unwrap().to_string();
        socket.send(id.into()).await.unwrap();
        while let Some(Ok(_)) = socket.recv().await {}
    });
    let service = service.connections(&connections);
    let address = serve(Router::new().route_service("/ws", service)).await;
    let mut client = connect(address).await;
    client.upgrade(&request("/ws")).await;
    let (_, id) = client.frame().await;
    let id: u64 = String::from_utf8(id).unwrap().parse().unwrap();
    let frame = CloseFrame::new(4001, "bye");
    let known = connections.close(id.try_into().unwrap(), frame);
    assert_eq!(known, Ok(true));
    client.expect(CLOSE, close_body(4001, "bye")).await;
    client.answer_close(4001).await;
}
