//! The client's side: mask keys, and what a server sends it.

use std::collections::HashSet;

use tokio::io::{AsyncReadExt, duplex};
use tower_websock::{Config, Message, WebSocket};

use crate::report::{Amount::*, Report};
use crate::tools::*;

/// 5.1, 5.3, 10.3: every frame is masked, with a fresh key each time.
pub(crate) fn cve_2025_10148_mask_keys(report: &mut Report) {
    const FRAMES: usize = 100_000;
    let keys = live(async {
        let (ours, mut theirs) = duplex(1 << 20);
        let mut socket = WebSocket::client(ours, &Config::new());
        let reader = tokio::spawn(async move {
            let mut keys = Vec::with_capacity(FRAMES);
            let mut frame = [0; 8];
            for _ in 0..FRAMES {
                theirs.read_exact(&mut frame).await.unwrap();
                assert_eq!(frame[..2], [0x82, 0x82]);
                let key: [u8; 4] = frame[2..6].try_into().unwrap();
                assert_eq!([frame[6] ^ key[0], frame[7] ^ key[1]], *b"ab");
                keys.push(key);
            }
            keys
        });
        for _ in 0..FRAMES {
            socket
                .feed(Message::binary(b"ab".as_slice()))
                .await
                .unwrap();
        }
        socket.flush().await.unwrap();
        reader.await.unwrap()
    });
    let repeated = keys.windows(2).filter(|pair| pair[0] == pair[1]).count();
    report.exactly("keys like the one before", Count(repeated), Count(0));
    // Of 100,000 keys of 32 bits, 1.16 pairs are equal on average.
    let equal = FRAMES - keys.iter().collect::<HashSet<_>>().len();
    report.at_most(
        "keys of 100,000 that are not distinct",
        Count(equal),
        Count(12),
    );
}

/// 10.4: a client refuses a bomb, too, and holds no more of it than its limit. The server, on another
/// thread, sends 16 MiB of zeros as 16 KiB.
#[cfg(feature = "deflate")]
pub(crate) fn cve_2026_1526_bomb_from_a_server(report: &mut Report) {
    use hyper::server::conn::http1;
    use hyper_util::{rt::TokioIo, service::TowerToHyperService};
    use tower_websock::{DeflateConfig, Error, WebSocketService, client::Builder, close_code};

    use crate::alloc::peak_of;

    const LIMIT: usize = 1 << 20;
    let config = Config::new().deflate(DeflateConfig::new());
    let (ours, theirs) = duplex(64 << 10);
    let (tell, told) = std::sync::mpsc::channel();
    let service = WebSocketService::new(move |mut socket: WebSocket| {
        let tell = tell.clone();
        async move {
            socket.send(Message::binary(vec![0; 16 << 20])).await?;
            let answer = socket.recv().await;
            let _ = tell.send(answer.and_then(Result::ok));
            Ok::<_, Error>(())
        }
    })
    .config(config.clone());
    let server = std::thread::spawn(move || {
        live(async {
            let service = TowerToHyperService::new(service);
            let connection = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
            connection.with_upgrades().await.unwrap();
            // The handler's task.
            while tasks() > 0 {
                tokio::task::yield_now().await;
            }
        });
    });
    live(async {
        let builder = Builder::new().config(config.max_message_size(LIMIT));
        let mut socket = builder.handshake("ws://localhost/ws", ours).await.unwrap();
        let (received, peak) = peak_of(socket.recv()).await;
        assert!(
            matches!(received, Some(Err(Error::Protocol(_)))),
            "{received:?}"
        );
        report.at_most(
            "peak with a limit of 1 MiB",
            Bytes(peak),
            Bytes(3 * LIMIT as isize),
        );
        let _ = socket.close(None).await;
    });
    let Some(Message::Close(Some(frame))) = told.recv().unwrap() else {
        panic!("no Close");
    };
    let code = Count(frame.code.into());
    report.exactly("close code", code, Count(close_code::SIZE.into()));
    server.join().unwrap();
}
