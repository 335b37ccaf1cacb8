//! Proxies, and a server behind them.

use std::net::SocketAddr;

use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tower_websock::WebSocketService;

use crate::support::echo;

/// A reply of SOCKS that accepts.
pub(crate) const BOUND: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// A server that echoes messages.
pub(crate) async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(WebSocketService::new(echo));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    address
}

/// A proxy: `tunnel` gets each connection, and gives back what to tunnel it to.
pub(crate) async fn proxy<F>(
    tunnel: impl Fn(TcpStream, UnboundedSender<Vec<u8>>) -> F + Send + 'static,
) -> (SocketAddr, UnboundedReceiver<Vec<u8>>)
where
    F: Future<Output = Option<(TcpStream, SocketAddr)>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, asked) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            let tunnel = tunnel(io, sender.clone());
            tokio::spawn(async move {
                if let Some((mut io, to)) = tunnel.await {
                    let mut onward = TcpStream::connect(to).await.unwrap();
                    let _ = copy_bidirectional(&mut io, &mut onward).await;
                }
            });
        }
    });
    (address, asked)
}

/// Reads a request's head, and answers it.
pub(crate) async fn http_proxy(
    answer: &'static str,
    to: SocketAddr,
) -> (SocketAddr, UnboundedReceiver<Vec<u8>>) {
    proxy(move |mut io, asked| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(io.read_u8().await.ok()?);
        }
        asked.send(head).unwrap();
        io.write_all(answer.as_bytes()).await.unwrap();
        Some((io, to))
    })
    .await
}

/// A proxy that wants this user and password, if any.
pub(crate) async fn socks_proxy(
    secret: Option<(&'static str, &'static str)>,
    reply: &'static [u8],
    to: SocketAddr,
) -> (SocketAddr, UnboundedReceiver<Vec<u8>>) {
    proxy(move |mut io, asked| async move {
        let mut ways = vec![0; 2];
        io.read_exact(&mut ways).await.ok()?;
        assert_eq!(ways[0], 5);
        let mut ways = vec![0; ways[1].into()];
        io.read_exact(&mut ways).await.ok()?;
        if let Some((user, password)) = secret {
            if !ways.contains(&2) {
                io.write_all(&[5, 0xFF]).await.unwrap();
                return None;
            }
            io.write_all(&[5, 2]).await.unwrap();
            assert_eq!(io.read_u8().await.ok()?, 1);
            let mut told = Vec::new();
            for _ in 0..2 {
                let mut part = vec![0; io.read_u8().await.ok()?.into()];
                io.read_exact(&mut part).await.ok()?;
                told.push(part);
            }
            let is_right = told == [user.as_bytes(), password.as_bytes()];
            io.write_all(&[1, (!is_right).into()]).await.unwrap();
            if !is_right {
                return None;
            }
        } else {
            io.write_all(&[5, 0]).await.unwrap();
        }
        let mut request = vec![0; 4];
        io.read_exact(&mut request).await.ok()?;
        let len = match request[3] {
            1 => 4,
            4 => 16,
            _ => {
                request.push(io.read_u8().await.ok()?);
                request[4].into()
            }
        };
        let mut address = vec![0; len + 2];
        io.read_exact(&mut address).await.ok()?;
        request.extend(address);
        asked.send(request).unwrap();
        io.write_all(reply).await.unwrap();
        (reply[1] == 0).then_some((io, to))
    })
    .await
}
