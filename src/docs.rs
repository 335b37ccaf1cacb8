//! Chapters: how to use this crate, by topic. Start with the README.
//!
//! They are also in the package, under `docs/`.

/// A chapter: a page of `docs/`, whose blocks are tests, and the items that it speaks of.
///
/// The pages link to each other and to files of the package as they lie there. Of two definitions of
/// a link the first counts, so `.links.md` makes them lead to places here.
// Its blocks use every feature.
macro_rules! chapter {
    ($name:ident, $page:literal, $items:literal) => {
        #[doc = include_str!("../docs/.links.md")]
        #[cfg_attr(any(not(doctest), feature = "full"), doc = include_str!(concat!("../docs/", $page)))]
        #[doc = concat!("\n# Items\n\n", $items)]
        pub mod $name {}
    };
}

chapter!(
    handlers,
    "handlers.md",
    "[`Handler`](crate::Handler), [`HandlerError`](crate::HandlerError), \
     [`Outcome`](crate::Outcome), [`WebSocket`](crate::WebSocket), \
     [`Sender`](crate::Sender), [`SendHalf`](crate::SendHalf), [`RecvHalf`](crate::RecvHalf), \
     [`Error`](crate::Error), [`TrySendError`](crate::TrySendError), \
     [`SendTimeoutError`](crate::SendTimeoutError), [`Closure`](crate::Closure)"
);
chapter!(
    fanout,
    "fanout.md",
    "[`Topic`](crate::Topic), [`TopicConfig`](crate::TopicConfig), \
     [`TopicStats`](crate::TopicStats), [`TopicStream`](crate::TopicStream), \
     [`Lag`](crate::Lag), [`Subscribe`](crate::Subscribe), \
     [`Subscription`](crate::Subscription), [`PreparedMessage`](crate::PreparedMessage), \
     [`WebSocket::subscribe`](crate::WebSocket::subscribe)"
);
chapter!(
    limits,
    "limits.md",
    "[`Config`](crate::Config), [`Connections`](crate::Connections), \
     [`ConnectionKey`](crate::ConnectionKey), [`KeepAlive`](crate::KeepAlive), \
     [`Loss`](crate::Loss), [`OriginPolicy`](crate::OriginPolicy), \
     [`Rejection`](crate::Rejection), [`ProtocolError`](crate::ProtocolError)"
);
chapter!(
    serving,
    "serving.md",
    "[`WebSocketLayer`](crate::WebSocketLayer), [`WebSocketService`](crate::WebSocketService), \
     [`WebSocketUpgrade`](crate::WebSocketUpgrade), [`Refusal`](crate::Refusal), \
     [`End`](crate::End), [`axum`](crate::axum)"
);
chapter!(
    shutdown,
    "shutdown.md",
    "[`Connections`](crate::Connections), [`Drain`](crate::Drain), [`Drained`](crate::Drained), \
     [`Accepting::supervise`](crate::Accepting::supervise), \
     [`Config::close_timeout`](crate::Config::close_timeout), \
     [`Config::max_close_time`](crate::Config::max_close_time)"
);
chapter!(
    operations,
    "operations.md",
    "[`WebSocket::stats`](crate::WebSocket::stats), [`Stats`](crate::Stats), \
     [`Traffic`](crate::Traffic), [`Closure`](crate::Closure), [`KeepAlive`](crate::KeepAlive), \
     [`Connections`](crate::Connections), [`ConnectionInfo`](crate::ConnectionInfo), \
     [`Drain`](crate::Drain), [`End`](crate::End), \
     [`Rejection::name`](crate::Rejection::name)"
);
chapter!(
    compression,
    "compression.md",
    "[`Config::deflate`](crate::Config::deflate), [`DeflateConfig`](crate::DeflateConfig), \
     [`WebSocket::send_uncompressed`](crate::WebSocket::send_uncompressed)"
);
chapter!(
    client,
    "client.md",
    "[`client`](crate::client), [`Builder`](crate::client::Builder), \
     [`Tls`](crate::client::Tls), [`Proxy`](crate::client::Proxy), \
     [`Error`](crate::client::Error), [`extended_connect`](crate::client::extended_connect), \
     [`Reconnecting`](crate::client::Reconnecting), [`Retry`](crate::client::Retry)"
);
chapter!(
    migrating,
    "migrating.md",
    "[`client::connect`](crate::client::connect), [`Builder`](crate::client::Builder), \
     [`WebSocketService`](crate::WebSocketService), [`WebSocketLayer`](crate::WebSocketLayer), \
     [`WebSocketUpgrade`](crate::WebSocketUpgrade), [`axum`](crate::axum), \
     [`WebSocket`](crate::WebSocket), [`Message`](crate::Message), [`Config`](crate::Config)"
);
chapter!(
    testing,
    "testing.md",
    "[`Builder::connect_service`](crate::client::Builder::connect_service), \
     [`WebSocket::pair`](crate::WebSocket::pair), [`ProvidedIo`](crate::ProvidedIo)"
);
chapter!(
    memory,
    "memory.md",
    "[`DeflateConfig`](crate::DeflateConfig), \
     [`Config::write_high_water`](crate::Config::write_high_water)"
);
chapter!(speed, "speed.md", "[`WebSocket`](crate::WebSocket)");
chapter!(
    reliability,
    "reliability.md",
    "[`Closure`](crate::Closure), [`Stats`](crate::Stats)"
);
chapter!(
    checks,
    "checks.md",
    "[`ProtocolError`](crate::ProtocolError)"
);
