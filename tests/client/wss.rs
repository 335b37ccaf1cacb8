//! `wss://` URIs, in one line (RFC 6455, 4.1).

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, IsCa, date_time_ymd};
use tokio::{io::AsyncWriteExt, net::TcpListener, sync::mpsc::unbounded_channel};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, pem::PemObject},
    },
};
use tower_websock::{
    Config, Message, WebSocket,
    client::{Builder, CertificateFault, Error, Stage, Tls, TlsError},
};

use crate::certificates::{Authority, Seen, echo_over, serve};

fn trusting(authority: &Authority) -> Builder {
    Builder::new().tls(Tls::with_ca(authority.pem().as_bytes()).unwrap())
}

async fn assert_echo(socket: &mut WebSocket) {
    socket.send("hi".into()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
}

/// The host's name is asked for and HTTP/1.1 is agreed on, at a server that prefers HTTP/2.
#[tokio::test]
async fn host_is_named_and_http1_is_offered() {
    let authority = Authority::new();
    let (address, mut seen) = serve(authority.server(&["localhost", "127.0.0.1"])).await;
    let builder = trusting(&authority);
    // RFC 6066, section 3: addresses are not named.
    for (host, name) in [("localhost", Some("localhost")), ("127.0.0.1", None)] {
        let uri = format!("wss://{host}:{}/ws", address.port());
        let mut socket = builder.connect(&uri).await.expect(host);
        assert_echo(&mut socket).await;
        let seen = seen.recv().await.unwrap();
        assert_eq!(seen.name.as_deref(), name, "{host}");
        assert_eq!(seen.protocol.as_deref(), Some(b"http/1.1".as_slice()));
        assert!(socket.close(None).await.unwrap().is_clean());
    }
}

/// RFC 6066, section 3: over any transport, and without the dot at the end of an absolute name.
#[cfg(unix)]
#[tokio::test]
async fn unix_socket_is_secured() {
    let authority = Authority::new();
    let path = std::env::temp_dir().join(format!("tower-websock-{}.tls", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(authority.server(&["nowhere.invalid"])));
    let (sender, mut seen) = unbounded_channel();
    tokio::spawn(async move {
        let (io, _) = listener.accept().await.unwrap();
        echo_over(io, acceptor, sender).await;
    });
    let uri = "wss://nowhere.invalid./ws";
    let mut socket = trusting(&authority).connect_unix(&path, uri).await.unwrap();
    assert_echo(&mut socket).await;
    let seen = seen.recv().await.unwrap();
    assert_eq!(seen.name.as_deref(), Some("nowhere.invalid"));
    std::fs::remove_file(&path).unwrap();
}

/// Later connections resume the session, of one's own configuration too, by which ALPN is mended.
#[tokio::test]
async fn sessions_are_resumed() {
    let authority = Authority::new();
    let (address, mut seen) = serve(authority.server(&["localhost"])).await;
    let uri = format!("wss://localhost:{}/ws", address.port());
    for alpn in [&[][..], &["h2"], &["h2", "http/1.1"]] {
        let mut config = own(&authority);
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let config = Arc::new(config);
        for is_resumed in [false, true] {
            // A builder for each connection, as programs have.
            let builder = Builder::new().tls(config.clone());
            let mut socket = builder.connect(&uri).await.unwrap();
            assert_echo(&mut socket).await;
            let expected = Seen {
                name: Some("localhost".to_owned()),
                protocol: Some(b"http/1.1".to_vec()),
                is_resumed,
            };
            assert_eq!(seen.recv().await.unwrap(), expected, "{alpn:?}");
            socket.close(None).await.unwrap();
        }
    }
    let builder = trusting(&authority);
    for is_resumed in [false, true] {
        let mut socket = builder.clone().connect(&uri).await.unwrap();
        assert_echo(&mut socket).await;
        assert_eq!(seen.recv().await.unwrap().is_resumed, is_resumed);
    }
}

fn own(authority: &Authority) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
    roots.add(certificate).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

async fn failure(builder: &Builder, address: SocketAddr) -> Error {
    let uri = format!("wss://localhost:{}/ws", address.port());
    builder.connect(&uri).await.unwrap_err()
}

/// The check that a certificate fails is told.
#[tokio::test]
async fn cve_2020_11050_wrong_certificate_tells_which_check_failed() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let dated = |from: i32, to: i32| {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        authority.certify(&params)
    };
    for (server, expected, sentence) in [
        (
            stranger.server(&["localhost"]),
            CertificateFault::UnknownIssuer,
            "the server's certificate has an unknown issuer: no trusted authority signed it",
        ),
        (
            dated(2019, 2020),
            CertificateFault::Expired,
            "the server's certificate has expired: ",
        ),
        (
            dated(2120, 2121),
            CertificateFault::NotYetValid,
            "the server's certificate is not valid yet: in ",
        ),
        (
            authority.server(&["elsewhere.example"]),
            CertificateFault::WrongName,
            "the server's certificate is for another name: localhost is not among \
             [DnsName(\"elsewhere.example\")]",
        ),
        (
            authority.certify(&authority_itself()),
            CertificateFault::Other,
            "the server's certificate is not valid: it is a certificate authority's, not a server's",
        ),
    ] {
        let (address, _) = serve(server).await;
        let error = failure(&trusting(&authority), address).await;
        let Error::Tls(TlsError::Certificate(fault, _)) = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*fault, expected);
        assert!(error.to_string().starts_with(sentence), "{error}");
    }
    // The platform does not know it either, nor does Mozilla.
    let (address, _) = serve(stranger.server(&["localhost"])).await;
    let error = failure(&Builder::new(), address).await;
    assert!(matches!(&error, Error::Tls(_)), "{error:?}");
    #[cfg(feature = "webpki-roots")]
    {
        let error = failure(&Builder::new().tls(Tls::webpki_roots()), address).await;
        let unknown = CertificateFault::UnknownIssuer;
        assert!(
            matches!(&error, Error::Tls(TlsError::Certificate(fault, _)) if *fault == unknown),
            "{error:?}"
        );
    }
}

/// A certificate as `openssl req -x509` makes it.
fn authority_itself() -> CertificateParams {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// What is no PEM text with certificates is no authority.
#[test]
fn authority_is_read_from_pem() {
    let pem = Authority::new().pem();
    let (begin, end) = (
        "-----BEGIN CERTIFICATE-----\n",
        "\n-----END CERTIFICATE-----\n",
    );
    for (text, told) in [
        ("", "there is no certificate"),
        ("hello", "there is no certificate"),
        (&*format!("{begin}%%%{end}"), "the PEM text is malformed"),
        (
            &*format!("{begin}AAAA{end}"),
            "a certificate of the PEM text is malformed",
        ),
        (&pem[..pem.len() / 2], "the PEM text is malformed"),
    ] {
        let error = Tls::with_ca(text.as_bytes()).unwrap_err();
        assert!(matches!(error, TlsError::Roots(_)), "{error:?}");
        assert!(error.to_string().contains(told), "{error}");
    }
    // Many, and text between them.
    Tls::with_ca(format!("one\n{pem}\ntwo\n{pem}").as_bytes()).unwrap();
}

/// A server that speaks no TLS, leaves, or says nothing.
#[tokio::test]
async fn server_without_tls_is_told() {
    let authority = Authority::new();
    let builder = trusting(&authority);
    for said in [b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), b""] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut io, _) = listener.accept().await.unwrap();
            io.write_all(said).await.unwrap();
        });
        let error = failure(&builder, address).await;
        assert!(
            matches!(&error, Error::Tls(TlsError::Handshake(_))),
            "{error:?}"
        );
        assert!(
            error.to_string().starts_with("the TLS handshake failed: "),
            "{error}"
        );
    }
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config::new().upgrade_timeout(Duration::from_millis(50));
    let builder = builder.config(config);
    let error = failure(&builder, silent.local_addr().unwrap()).await;
    assert!(matches!(error, Error::TimedOut(Stage::Tls)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "no end of the TLS handshake within upgrade_timeout"
    );
}

/// No certificate can be for such a name.
#[tokio::test]
async fn host_without_certificates_is_told() {
    let error = trusting(&Authority::new()).connect("wss://127.1:1/").await;
    let error = error.unwrap_err();
    assert!(
        matches!(&error, Error::Tls(TlsError::Host(host)) if host == "127.1"),
        "{error:?}"
    );
}
