//! Messages and their echoes over HTTP/2 (RFC 8441): every byte that comes back is compared.

use std::{
    future::poll_fn,
    mem,
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::{RecvStream, SendStream, client, ext::Protocol};
use http::Request;
use tokio::{
    net::TcpStream,
    runtime::{self, Runtime},
    task::LocalSet,
    time::{sleep, timeout},
};

use super::{
    Echoed, Idle, Peer, SOCKETS,
    echo::{self, compare},
    handshake::PATIENCE,
    idle::{HELLO, SETTLE},
    window::Window,
};
use crate::{Error, options::Options, process::Process, scenario::Echo};

/// Sockets that share a connection, busy and idle ones.
const STREAMS: usize = 8;
const IDLE_STREAMS: usize = 100;

/// What the server may send before it is read: never what holds it up.
const WINDOW: u32 = 16 << 20;

/// Sockets that share connections of HTTP/2, and what they send.
pub struct Http2Client {
    runtime: Runtime,
    local: LocalSet,
    sockets: Vec<Socket>,
    /// Messages of a window, and bytes of one.
    in_flight: usize,
    size: usize,
}

/// As [`load`](super::load), with the sockets on streams of HTTP/2.
pub fn load_http2(
    process: &Process,
    scenario: &Echo,
    options: &Options,
) -> Result<Http2Client, Error> {
    let [warm_up, _] = options.times();
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    let sockets = local.block_on(&runtime, async {
        let sockets = connect(process, scenario, STREAMS).await?;
        run(sockets, warm_up).await
    });
    Ok(Http2Client {
        sockets: sockets?.0,
        runtime,
        local,
        in_flight: scenario.in_flight,
        size: scenario.size,
    })
}

/// As [`echo`](super::echo), with the sockets on streams of HTTP/2.
pub fn echo_http2(
    process: &Process,
    client: &mut Http2Client,
    options: &Options,
) -> Result<Echoed, Error> {
    let sockets = mem::take(&mut client.sockets);
    let cpu = process.cpu_time()?;
    let began = Instant::now();
    let echoed = client
        .local
        .block_on(&client.runtime, run(sockets, options.slice()));
    let elapsed = began.elapsed();
    thread::sleep(echo::SETTLE);
    let cpu = process.cpu_time()? - cpu;
    let (sockets, mut latencies) = echoed?;
    client.sockets = sockets;

    Ok(Echoed::new(
        cpu,
        elapsed,
        &mut latencies,
        client.in_flight,
        client.size as f64,
    ))
}

/// As [`idle`](super::idle), with the sockets on streams of HTTP/2.
pub fn idle_http2(process: &Process) -> Result<Idle, Error> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let scenario = |connections| Echo {
            connections,
            ..HELLO
        };
        // What the first connections make once.
        let mut early = connect(process, &scenario(IDLE_STREAMS), IDLE_STREAMS).await?;
        for socket in &mut early {
            socket.exchange().await?;
        }
        let before = process.private_bytes()?;
        let each = |after: u64| after.saturating_sub(before) as f64 / SOCKETS as f64;
        let mut sockets = connect(process, &scenario(SOCKETS), IDLE_STREAMS).await?;
        sleep(SETTLE).await;
        let after_upgrade = each(process.private_bytes()?);
        for socket in &mut sockets {
            socket.exchange().await?;
        }
        sleep(SETTLE).await;
        Ok(Idle {
            after_upgrade,
            after_echo: each(process.private_bytes()?),
        })
    })
}

struct Socket {
    send: SendStream<Bytes>,
    recv: RecvStream,
    window: Rc<Window>,
}

async fn connect(process: &Process, scenario: &Echo, streams: usize) -> Result<Vec<Socket>, Error> {
    let window = Rc::new(Window::new(scenario, Peer::WebSocket, 0)?);
    let mut sockets = Vec::new();
    while sockets.len() < scenario.connections {
        let stream = TcpStream::connect(process.addr()).await?;
        stream.set_nodelay(true)?;
        let mut builder = client::Builder::new();
        builder
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW);
        let (requests, connection) = builder.handshake(stream).await?;
        tokio::task::spawn_local(connection);
        let mut requests = requests.ready().await?;
        while !requests.is_extended_connect_protocol_enabled() {
            sleep(Duration::from_millis(1)).await;
        }
        for _ in 0..streams.min(scenario.connections - sockets.len()) {
            let request = Request::connect("http://localhost/ws")
                .extension(Protocol::from_static("websocket"))
                .header("sec-websocket-version", "13")
                .body(())?;
            let (response, send) = requests.send_request(request, false)?;
            let response = timeout(PATIENCE, response).await??;
            if response.status() != 200 {
                return Err(format!("the server answered {}", response.status()).into());
            }
            sockets.push(Socket {
                send,
                recv: response.into_body(),
                window: window.clone(),
            });
        }
    }
    Ok(sockets)
}

/// Keeps every socket busy for `time`; tells how long each window took, in nanoseconds.
async fn run(sockets: Vec<Socket>, time: Duration) -> Result<(Vec<Socket>, Vec<u64>), Error> {
    let began = Instant::now();
    let tasks = sockets.into_iter().map(|mut socket| {
        tokio::task::spawn_local(async move {
            let mut latencies = Vec::new();
            while began.elapsed() < time {
                let started = Instant::now();
                timeout(PATIENCE, socket.exchange()).await??;
                latencies.push(u64::try_from(started.elapsed().as_nanos())?);
            }
            Ok::<_, Error>((socket, latencies))
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let (mut sockets, mut latencies) = (Vec::new(), Vec::new());
    for task in tasks {
        let (socket, some) = task.await??;
        sockets.push(socket);
        latencies.extend(some);
    }
    Ok((sockets, latencies))
}

impl Socket {
    /// Sends the window and receives the replies, at the same time.
    async fn exchange(&mut self) -> Result<(), Error> {
        let Self { send, recv, window } = self;
        let sending = async {
            let mut left = Bytes::copy_from_slice(&window.sent);
            while !left.is_empty() {
                send.reserve_capacity(left.len());
                while send.capacity() == 0 {
                    poll_fn(|cx| send.poll_capacity(cx))
                        .await
                        .ok_or("the stream ended")??;
                }
                let piece = left.split_to(left.len().min(send.capacity()));
                send.send_data(piece, false)?;
            }
            Ok::<_, Error>(())
        };
        let receiving = async {
            let mut read = 0;
            while read < window.expected.len() {
                let data = recv.data().await.ok_or("the server closed")??;
                recv.flow_control().release_capacity(data.len())?;
                compare(&window.expected, &mut read, &data)?;
            }
            Ok::<_, Error>(())
        };
        tokio::try_join!(sending, receiving)?;
        Ok(())
    }
}
