//! Through proxies (RFC 6455, 4.1; RFC 9110, 9.3.6; RFC 1928).

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower_websock::{
    Config, Message,
    client::{Builder, Error, Proxy, ProxyError, Stage},
};

use crate::tunnels::{BOUND, http_proxy, proxy, serve, socks_proxy};

async fn assert_echo(builder: &Builder, uri: &str) {
    let mut socket = builder.connect(uri).await.expect(uri);
    socket.send("hi".into()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
    assert!(socket.close(None).await.unwrap().is_clean());
}

/// RFC 6455, 4.1 item 2: also `ws://` goes through a tunnel, for which host and port are asked, by a
/// name that only the proxy can look up. Any 2xx opens it, of HTTP/1.0 too.
#[tokio::test]
async fn http_proxy_is_asked_for_a_tunnel() {
    let to = serve().await;
    for answer in [
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200 OK\r\nProxy-Agent: old\r\n\r\n",
        "HTTP/1.1 204 x\r\n\r\n",
        // RFC 9110, section 9.3.6: these do not count.
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        let (address, mut asked) = http_proxy(answer, to).await;
        let proxy = Proxy::http(&format!("http://{address}")).unwrap();
        let builder = Builder::new().proxy(proxy.clone());
        for (uri, host) in [
            ("ws://nowhere.invalid/ws", "nowhere.invalid:80"),
            ("ws://nowhere.invalid:8080/ws", "nowhere.invalid:8080"),
            ("ws://[::1]/ws", "[::1]:80"),
        ] {
            assert_echo(&builder, uri).await;
            let head = String::from_utf8(asked.recv().await.unwrap()).unwrap();
            let expected = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(head, expected, "{answer:?}");
        }
        // RFC 7617, section 2.
        let builder = Builder::new().proxy(proxy.basic_auth("Aladdin", "open sesame"));
        assert_echo(&builder, "ws://nowhere.invalid/ws").await;
        let head = String::from_utf8(asked.recv().await.unwrap()).unwrap();
        let expected = "\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n";
        assert!(head.contains(expected), "{head}");
    }
}

/// The status is told, and with it what the proxy wants.
#[tokio::test]
async fn refusal_of_an_http_proxy_tells_its_status() {
    let to = serve().await;
    for (answer, status) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\
             Content-Length: 1000000\r\n\r\nno",
            407,
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", 403),
        ("HTTP/1.0 502 Bad Gateway\r\n\r\n", 502),
        ("HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n", 302),
    ] {
        let (address, _asked) = http_proxy(answer, to).await;
        let proxy = Proxy::http(&format!("http://me:secret@{address}")).unwrap();
        let builder = Builder::new().proxy(proxy);
        let error = builder
            .connect("ws://nowhere.invalid/ws")
            .await
            .unwrap_err();
        assert!(!format!("{error} {error:?} {builder:?}").contains("secret"));
        // The server's would be another thing.
        assert_eq!(error.status(), None);
        let Error::Proxy(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(error.is_unauthorized(), status == 407);
        assert!(
            error
                .to_string()
                .starts_with(&format!("the proxy refused with {status}"))
        );
        if status == 407 {
            assert!(matches!(&error, ProxyError::Refused(it)
                if it.headers()["proxy-authenticate"] == "Basic"));
        }
    }
}

/// RFC 1928: names are looked up by the proxy, addresses sent as such; RFC 1929: user and password
/// are told.
#[tokio::test]
async fn socks_proxy_is_asked_for_a_tunnel() {
    let to = serve().await;
    let long = [&[5, 0, 0, 4][..], &[0; 18]].concat().leak();
    let named = [&[5, 0, 0, 3, 3][..], b"abc", &[0; 2]].concat().leak();
    for reply in [BOUND, long, named] {
        for secret in [None, Some(("me", "p@ss"))] {
            let (address, mut asked) = socks_proxy(secret, reply, to).await;
            let written = match secret {
                Some(_) => format!("socks5h://me:p%40ss@{address}"),
                None => format!("socks5://{address}/"),
            };
            let builder = Builder::new().proxy(Proxy::socks5(&written).unwrap());
            for (uri, request) in [
                (
                    "ws://nowhere.invalid:258/ws",
                    [&[5, 1, 0, 3, 15][..], b"nowhere.invalid", &[1, 2]].concat(),
                ),
                ("ws://10.0.0.9/ws", vec![5, 1, 0, 1, 10, 0, 0, 9, 0, 80]),
                (
                    "ws://[::1]/ws",
                    [&[5, 1, 0, 4][..], &[0; 15], &[1, 0, 80]].concat(),
                ),
            ] {
                assert_echo(&builder, uri).await;
                assert_eq!(asked.recv().await.unwrap(), request);
            }
        }
    }
}

/// What it refuses with is told, and whom it does not let.
#[tokio::test]
async fn refusal_of_a_socks_proxy_is_told() {
    let to = serve().await;
    let uri = "ws://nowhere.invalid/ws";
    let (address, _asked) = socks_proxy(None, &[5, 2, 0, 1, 0, 0, 0, 0, 0, 0], to).await;
    let proxy = Proxy::socks5(&address.to_string()).unwrap();
    let error = Builder::new().proxy(proxy).connect(uri).await.unwrap_err();
    assert!(matches!(error, Error::Proxy(ProxyError::SocksRefused(2))));
    assert_eq!(
        error.to_string(),
        "the proxy refused with 2: not allowed by its rules"
    );

    let (address, _asked) = socks_proxy(Some(("me", "right")), BOUND, to).await;
    let proxy = Proxy::socks5(&address.to_string()).unwrap();
    for proxy in [proxy.clone(), proxy.basic_auth("me", "wrong")] {
        let builder = Builder::new().proxy(proxy);
        let error = builder.connect(uri).await.unwrap_err();
        assert!(!format!("{error} {error:?} {builder:?}").contains("wrong"));
        assert!(
            matches!(&error, Error::Proxy(error) if error.is_unauthorized()),
            "{error:?}"
        );
    }
}

/// One that is not there is named; what cannot be told to it is not.
#[tokio::test]
async fn unreachable_proxy_is_told_apart_from_the_server() {
    for (proxy, told) in [
        (
            Proxy::http("127.0.0.1:1"),
            "cannot connect to the proxy: 127.0.0.1:1: ",
        ),
        (
            Proxy::socks5("nowhere.invalid"),
            "cannot connect to the proxy: nowhere.invalid: ",
        ),
    ] {
        let builder = Builder::new().proxy(proxy.unwrap());
        let error = builder.connect("ws://localhost/").await.unwrap_err();
        assert!(
            matches!(error, Error::Proxy(ProxyError::Connect(_))),
            "{error:?}"
        );
        assert!(error.to_string().starts_with(told), "{error}");
    }
    let (address, _asked) = http_proxy("HTTP/1.1 200 OK\r\n\r\n", serve().await).await;
    let long = "x".repeat(256);
    for (proxy, user, password) in [
        (Proxy::http(&address.to_string()), "a:b", ""),
        (Proxy::socks5(&address.to_string()), "", "x"),
        (Proxy::socks5(&address.to_string()), "a", &*long),
    ] {
        let proxy = proxy.unwrap().basic_auth(user, password);
        let error = Builder::new().proxy(proxy).connect("ws://localhost/").await;
        let error = error.unwrap_err();
        assert!(
            matches!(error, Error::Proxy(ProxyError::Credentials(_))),
            "{error:?}"
        );
    }
}

/// Nonsense is an error, and what does not end is bounded by `upgrade_timeout`.
#[tokio::test]
async fn proxy_that_lies_or_is_silent_does_not_hang() {
    let config = Config::new().upgrade_timeout(Duration::from_millis(300));
    let builder = Builder::new().config(config);
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1 << 20));
    let endless: &[u8] = endless.leak().as_bytes();
    for said in [
        b"".as_slice(),
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        endless,
        &[5],
        &[4, 0],
        &[5, 1],
        &[5, 2],
        &[5, 0, 4, 0, 0, 1],
        &[5, 0, 5, 0, 0, 9],
        &[5, 0, 5, 0, 0, 3, 255, 0],
        &[5, 0, 5, 9, 0, 3],
    ] {
        for is_silent in [false, true] {
            let (address, _asked) = proxy(move |mut io, _| async move {
                let _ = io.write_all(said).await;
                let mut rest = Vec::new();
                if is_silent {
                    let _ = io.read_to_end(&mut rest).await;
                } else {
                    // What was sent is read, so that no reset overtakes what we said.
                    let _ = io.read_buf(&mut rest).await;
                    let _ = io.shutdown().await;
                    let _ = io.read_to_end(&mut rest).await;
                }
                None
            })
            .await;
            let address = address.to_string();
            for proxy in [Proxy::http(&address), Proxy::socks5(&address)] {
                let builder = builder.clone().proxy(proxy.unwrap());
                let error = builder.connect("ws://localhost/").await.unwrap_err();
                let told = error.to_string();
                let is_told = match error {
                    Error::TimedOut(stage) => is_silent && stage == Stage::Proxy,
                    Error::Proxy(_) => true,
                    _ => false,
                };
                assert!(is_told, "{said:?}: {told}");
                assert!(!told.contains("eof"), "{told}");
            }
        }
    }
}

/// TLS runs inside the tunnel, and to the proxy itself if it is asked by `https`.
#[cfg(feature = "rustls")]
#[tokio::test]
async fn tls_runs_through_the_tunnel() {
    use std::sync::Arc;

    use tokio::{
        io::copy_bidirectional,
        net::{TcpListener, TcpStream},
    };
    use tokio_rustls::TlsAcceptor;
    use tower_websock::client::Tls;

    use crate::certificates::{Authority, serve};

    let authority = Authority::new();
    let tls = Tls::with_ca(authority.pem().as_bytes()).unwrap();
    let (to, mut seen) = serve(authority.server(&["nowhere.invalid"])).await;
    let uri = "wss://nowhere.invalid/ws";
    let builder = Builder::new().tls(tls);

    let (address, mut asked) = http_proxy("HTTP/1.1 200 OK\r\n\r\n", to).await;
    let proxy = Proxy::http(&address.to_string()).unwrap();
    assert_echo(&builder.clone().proxy(proxy), uri).await;
    assert!(
        asked
            .recv()
            .await
            .unwrap()
            .starts_with(b"CONNECT nowhere.invalid:443 ")
    );
    let name = seen.recv().await.unwrap().name;
    assert_eq!(name.as_deref(), Some("nowhere.invalid"));

    let (address, _asked) = socks_proxy(None, BOUND, to).await;
    let proxy = Proxy::socks5(&address.to_string()).unwrap();
    assert_echo(&builder.clone().proxy(proxy), uri).await;

    // An `https` proxy: TLS before the one that speaks HTTP.
    let (inner, mut asked) = http_proxy("HTTP/1.1 200 OK\r\n\r\n", to).await;
    let acceptor = TlsAcceptor::from(Arc::new(authority.server(&["localhost"])));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            let Ok(mut io) = acceptor.accept(io).await else {
                continue;
            };
            let mut onward = TcpStream::connect(inner).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut io, &mut onward).await });
        }
    });
    let proxy = Proxy::http(&format!("https://localhost:{port}")).unwrap();
    assert_echo(&builder.clone().proxy(proxy), uri).await;
    assert!(
        asked
            .recv()
            .await
            .unwrap()
            .starts_with(b"CONNECT nowhere.invalid:443 ")
    );
    let proxy = Proxy::http(&format!("https://127.0.0.1:{port}")).unwrap();
    let error = builder.proxy(proxy).connect(uri).await.unwrap_err();
    assert!(
        matches!(error, Error::Proxy(ProxyError::Tls(_))),
        "{error:?}"
    );
}
