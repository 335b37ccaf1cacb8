//! The server, in a process of its own: an echo at `/echo`, a handler that does not receive at
//! `/hold`, no place at `/full`.
//!
//! It answers each line that it reads: `mark` with nothing, and then forgets the peak of its heap;
//! any other with how far its heap has been above that mark at most, in bytes, and with its
//! processor time, in nanoseconds.

use std::{convert::Infallible, future::pending, io};

use http::{Request, Response, request::Parts};
use tokio::{net::TcpListener, runtime};
use tower::{Layer, service_fn};
use tower_websock::{Config, Connections, DeflateConfig, Error, WebSocket, WebSocketLayer};

use crate::{
    alloc::{held_by_all, take_peak_of_all},
    http_server,
    support::{cpu::process_cpu_time, echo, hold},
};

pub(crate) fn run(threads: usize) {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .unwrap();
    let addr = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(serve(listener));
        addr
    });
    println!("{addr}");
    let mut mark = 0;
    for line in io::stdin().lines() {
        if line.is_ok_and(|line| line == "mark") {
            take_peak_of_all();
            mark = held_by_all();
            println!();
        } else {
            let peak = take_peak_of_all() - mark;
            println!("{peak} {}", process_cpu_time().as_nanos());
        }
    }
}

async fn handle(socket: WebSocket, request: Parts) -> Result<(), Error> {
    let is_echo = request.uri.path() != "/hold";
    // It holds the buffer that it was read to.
    drop(request);
    if is_echo {
        echo(socket).await
    } else {
        hold(socket).await;
        Ok(())
    }
}

async fn serve(listener: TcpListener) {
    let pages = service_fn(|_: Request<_>| async {
        Ok::<_, Infallible>(Response::new(String::from("a page\n")))
    });
    let handlers = WebSocketLayer::new(handle)
        .config(Config::new().deflate(DeflateConfig::new()))
        .layer(pages);
    let service = WebSocketLayer::new(handle)
        .path("/full")
        .connections(&Connections::new().max(0))
        .layer(handlers);
    loop {
        let (stream, _) = http_server::accept(&listener).await;
        let service = service.clone();
        tokio::spawn(http_server::serve(stream, service, pending()));
    }
}
