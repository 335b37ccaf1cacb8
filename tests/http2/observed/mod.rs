//! What an operator sees, over both versions of HTTP: metrics and traces add up with what was done.

mod counts;
mod events;
mod recorder;
mod subscriber;

use http::{HeaderValue, Version};

use super::*;

/// A server over whose connections sockets are opened.
struct Server {
    addr: SocketAddr,
    /// Of HTTP/2; its requests share one connection.
    http2: Option<SendRequest<Empty<Bytes>>>,
}

impl Server {
    async fn of(version: Version, addr: SocketAddr) -> Self {
        let http2 = match version {
            Version::HTTP_2 => Some(connect(addr).await),
            _ => None,
        };
        Self { addr, http2 }
    }

    async fn open(&mut self, builder: &Builder) -> Result<WebSocket, client::Error> {
        let Some(http) = &mut self.http2 else {
            let uri = format!("ws://{}/ws?secret", self.addr);
            return soon(builder.connect(&uri)).await;
        };
        let (request, pending) = builder.http2_request("ws://localhost/ws?secret")?;
        let response = soon(http.send_request(request)).await.unwrap();
        soon(pending.complete(response)).await
    }
}

/// A client that another site's page would be.
fn foreign() -> Builder {
    Builder::new().origin(HeaderValue::from_static("https://evil.example"))
}

/// Does what its first message says: `echo`, `fail`, `panic` or `hold`.
async fn obedient(mut socket: WebSocket) -> Result<(), Error> {
    let order = socket.recv().await.unwrap()?.into_text().unwrap();
    match &*order {
        "fail" => Err(Error::Overrun),
        "panic" => panic!("as ordered"),
        "hold" => {
            socket.send("held".into()).await?;
            std::future::pending().await
        }
        _ => echo(socket).await,
    }
}

/// Lets the tasks of the server go on until `is_done`.
async fn until(is_done: impl Fn() -> bool) {
    for _ in 0..500 {
        if is_done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not in time");
}
