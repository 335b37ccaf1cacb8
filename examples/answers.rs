//! What a server says beside the socket: why it refuses, cookies, where to go.
//!
//!     cargo run --features client --example answers
//!
//! It talks to a server of its own, and prints what it was told.

use std::{error::Error, io};

use http::{HeaderValue, Request, Response, StatusCode, header, request::Parts};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpListener;
use tower::{Layer, ServiceBuilder, service_fn};
use tower_websock::{Refusal, WebSocket, WebSocketLayer, client::Builder};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    for line in told_by(serve().await?).await? {
        println!("{line}");
    }
    Ok(())
}

/// What the server at this port tells a client.
pub(crate) async fn told_by(port: u16) -> Result<Vec<String>, Box<dyn Error>> {
    let mut told = Vec::new();
    let ws = format!("ws://127.0.0.1:{port}/ws");
    let old = format!("ws://127.0.0.1:{port}/old");

    // A refusal's body.
    let Err(error) = Builder::new().connect(&ws).await else {
        return Err("there was no token".into());
    };
    let response = error.response().ok_or("it did not answer")?;
    let json = str::from_utf8(response.body())?;
    told.push(format!("{}: {json}", response.status()));

    // The cookie that comes with an acceptance.
    let builder = Builder::new().header("authorization", "Bearer x");
    let (mut socket, response) = builder.connect_with_response(&ws).await?;
    let cookie = response.headers().get(header::SET_COOKIE);
    let cookie = cookie.ok_or("no cookie")?.to_str()?.to_owned();
    told.push(format!("{}: {cookie}", response.status()));
    socket.close(None).await?;

    // A redirect, which nobody follows by default.
    let Err(error) = builder.connect(&old).await else {
        return Err("it has moved".into());
    };
    let response = error.response().ok_or("it did not answer")?;
    let location = response.headers().get(header::LOCATION);
    let location = location.ok_or("no location")?.to_str()?.to_owned();
    told.push(format!("{}: {location}", response.status()));

    // It is followed if that is allowed. The token stays behind, since the host is another.
    let followed = builder.clone().max_redirects(5).connect(&old).await;
    let error = followed.err().ok_or("the token was sent")?;
    told.push(error.to_string());

    // Who trusts the other host sends it there.
    let mut socket = builder.connect(&location).await?;
    socket.close(None).await?;
    Ok(told)
}

/// Refuses with JSON, accepts with a cookie, and leads from `/old` to another host. Its port.
pub(crate) async fn serve() -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let moved = service_fn(move |_request: Request<Incoming>| async move {
        let response = Response::builder().status(StatusCode::TEMPORARY_REDIRECT);
        let response = response.header("location", format!("ws://localhost:{port}/ws"));
        response.body(String::new())
    });
    let websockets = WebSocketLayer::new(
        async |mut socket: WebSocket| {
            while socket.recv().await.is_some() {}
        },
    );
    let websockets = websockets.path("/ws").authorize(authorize).layer(moved);
    let service = ServiceBuilder::new()
        .map_response(|mut response: Response<_>| {
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                let cookie = HeaderValue::from_static("session=1; HttpOnly");
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        })
        .service(websockets);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            let http = http1::Builder::new();
            let connection = http.serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    Ok(port)
}

fn authorize(request: &mut Parts) -> Result<(), Refusal> {
    if request.headers.contains_key(header::AUTHORIZATION) {
        return Ok(());
    }
    let mut refusal = Response::new(r#"{"error":"no token"}"#);
    *refusal.status_mut() = StatusCode::UNAUTHORIZED;
    let json = HeaderValue::from_static("application/json");
    refusal.headers_mut().insert(header::CONTENT_TYPE, json);
    Err(refusal.into())
}
