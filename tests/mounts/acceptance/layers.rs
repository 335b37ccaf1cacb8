//! What stands between us and hyper.

use std::{
    any::Any,
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt;
use tokio::time::{sleep, timeout};
use tower::{Layer, ServiceExt, util::BoxCloneSyncService};

use super::App;

pub(crate) type Wrap = fn(App) -> App;

/// Answers in our place.
pub(crate) const ANSWERS: &[(&str, Wrap)] = &[
    ("103: status changed", |app| status(app, 103)),
    ("401: status changed", |app| status(app, 401)),
    ("403: status changed", |app| status(app, 403)),
    ("426: status changed", |app| status(app, 426)),
    ("500: status changed", |app| status(app, 500)),
    ("401: status changed, body replaced", |app| {
        mapped(app, |mut response| {
            response.headers_mut().remove(header::CONTENT_LENGTH);
            with_status(response, 401).map(|_| Body::from("no"))
        })
    }),
    ("401: response replaced", |app| {
        mapped(app, |_| refusal(401, "no"))
    }),
    ("401: our head, another body", |app| {
        mapped(app, |response| {
            let (mut parts, body) = response.into_parts();
            drop(body);
            parts.headers.remove(header::CONTENT_LENGTH);
            with_status(Response::from_parts(parts, Body::empty()), 401)
        })
    }),
    ("101: body replaced", |app| {
        mapped(app, |response| response.map(|_| Body::empty()))
    }),
    ("403: another head, our body", |app| {
        mapped(app, |response| {
            with_status(Response::new(response.into_body()), 403)
        })
    }),
    ("403: is_end_stream asked, then dropped", |app| {
        mapped(app, |response| {
            asked(response.body().is_end_stream());
            refusal(403, "no")
        })
    }),
    ("403: size_hint asked, then dropped", |app| {
        mapped(app, |response| {
            asked(response.body().size_hint());
            refusal(403, "no")
        })
    }),
    ("403: asked inside, dropped outside", |app| {
        let inside = mapped(app, |response| {
            asked(response.body().is_end_stream());
            response
        });
        mapped(inside, |response| {
            asked(response.body().size_hint().exact());
            asked(response.body().size_hint().upper());
            refusal(403, "no")
        })
    }),
    ("403: both asked, our body in another head", |app| {
        mapped(app, |response| {
            asked(response.body().is_end_stream());
            asked(response.body().size_hint());
            with_status(Response::new(response.into_body()), 403)
        })
    }),
    ("403: both asked, our head kept alive", |app| {
        mapped(app, |response| {
            asked(response.body().is_end_stream());
            asked(response.body().size_hint());
            let (parts, _body) = response.into_parts();
            keep(parts);
            refusal(403, "no")
        })
    }),
    ("403: our response kept alive", |app| {
        mapped(app, |response| {
            keep(response);
            refusal(403, "no")
        })
    }),
    ("403: our body collected", |app| {
        with_future(app, async |future| {
            let (parts, body) = future.await.into_parts();
            let bytes = body.collect().await.expect("empty").to_bytes();
            with_status(Response::from_parts(parts, Body::from(bytes)), 403)
        })
    }),
    ("408: timeout", |app| {
        let slow = with_future(app, async |future| {
            let response = future.await;
            sleep(Duration::from_secs(3600)).await;
            response
        });
        with_future(slow, async |future| {
            let answered = timeout(Duration::from_millis(500), future).await;
            answered.unwrap_or_else(|_| refusal(408, "late"))
        })
    }),
    ("500: panic", |app| {
        let panicking = mapped(app, |response| {
            let _unwound = response;
            std::panic::resume_unwind(Box::new("on purpose"))
        });
        with_future(panicking, async |future| {
            let caught = AssertUnwindSafe(future).catch_unwind().await;
            caught.unwrap_or_else(|_| refusal(500, "panic"))
        })
    }),
    ("503: load shed after the answer", |app| {
        with_future(app, async |future| {
            drop(future.await);
            refusal(503, "busy")
        })
    }),
    ("503: load shed before the answer", |app| {
        with_future(app, async |future| {
            drop(future);
            refusal(503, "busy")
        })
    }),
];

/// Answers in our place over HTTP/1.1. Over HTTP/2 a 2xx with our body is an acceptance.
pub(crate) const HTTP1_ANSWERS: &[(&str, Wrap)] = &[
    ("101: extensions replaced", |app| {
        mapped(app, |mut response| {
            response.extensions_mut().clear();
            response
        })
    }),
    ("200: status changed", |app| status(app, 200)),
    ("205: status changed", |app| status(app, 205)),
    ("204: another head, our body", |app| {
        mapped(app, |response| {
            with_status(Response::new(response.into_body()), 204)
        })
    }),
    ("204: both asked, our body in another head", |app| {
        mapped(app, |response| {
            asked(response.body().is_end_stream());
            asked(response.body().size_hint());
            with_status(Response::new(response.into_body()), 204)
        })
    }),
];

/// Answers that are none: hyper sends no response with these headers, and ends the connection.
pub(crate) const UNSENDABLE: &[(&str, Wrap)] = &[
    ("401: status changed, content-length: 0", |app| {
        mapped(app, |mut response| {
            let zero = HeaderValue::from_static("0");
            response.headers_mut().insert(header::CONTENT_LENGTH, zero);
            with_status(response, 401)
        })
    }),
    ("101: content-length is no number", |app| {
        mapped(app, |mut response| {
            let value = HeaderValue::from_static("none");
            response.headers_mut().insert(header::CONTENT_LENGTH, value);
            response
        })
    }),
];

/// Answers in our place that hand a stream of HTTP/2 over.
pub(crate) const HTTP2_ANSWERS: &[(&str, Wrap)] = &[
    ("200: response replaced", |app| {
        mapped(app, |_| Response::new(Body::empty()))
    }),
    ("204: response replaced", |app| {
        mapped(app, |_| with_status(Response::new(Body::empty()), 204))
    }),
    ("200: our response kept alive", |app| {
        mapped(app, |response| {
            keep(response);
            Response::new(Body::empty())
        })
    }),
    ("200: our head kept alive, our body dropped", |app| {
        mapped(app, |response| {
            keep(response.into_parts().0);
            Response::new(Body::empty())
        })
    }),
    ("200: our head kept alive, our body in another", |app| {
        mapped(app, |response| {
            let (parts, body) = response.into_parts();
            keep(parts);
            Response::new(body)
        })
    }),
    ("200: our head, another body", |app| {
        mapped(app, |response| response.map(|_| Body::empty()))
    }),
];

/// See `ResponseBody`.
pub(crate) const LIMITS: &[(&str, Wrap)] = &[
    ("204: status changed", |app| status(app, 204)),
    ("304: status changed", |app| status(app, 304)),
    ("403: both asked, then dropped", |app| {
        mapped(app, |response| {
            asked(response.body().is_end_stream());
            asked(response.body().size_hint());
            refusal(403, "no")
        })
    }),
];

/// Leave an acceptance what it is.
pub(crate) const HARMLESS: &[(&str, Wrap)] = &[
    ("nothing", |app| app),
    ("a header", |app| {
        mapped(app, |mut response| {
            let value = HeaderValue::from_static("1");
            response.headers_mut().insert("x-request-id", value);
            response
        })
    }),
    ("a body that is boxed", |app| {
        mapped(app, |response| {
            response.map(|body| Body::new(body.boxed_unsync()))
        })
    }),
    ("a body with other errors", |app| {
        mapped(app, |response| {
            response.map(|body| Body::new(body.map_err(|_| std::fmt::Error)))
        })
    }),
    ("questions, then passed on", |app| {
        mapped(app, |response| {
            asked(response.body().size_hint());
            asked(response.body().is_end_stream());
            response
        })
    }),
    ("a pause", |app| {
        with_future(app, async |future| {
            let response = future.await;
            sleep(Duration::from_secs(1)).await;
            response
        })
    }),
    ("a budget that is used up", |app| {
        with_future(app, async |future| {
            let response = future.await;
            while tokio::task::coop::has_budget_remaining() {
                tokio::task::coop::consume_budget().await;
            }
            response
        })
    }),
    ("axum's from_fn", |app| {
        let from_fn = axum::middleware::from_fn(
            async |request: axum::extract::Request, next: axum::middleware::Next| {
                let mut response = next.run(request).await;
                let value = HeaderValue::from_static("1");
                response.headers_mut().insert("x-request-id", value);
                response
            },
        );
        BoxCloneSyncService::new(from_fn.layer(app))
    }),
    ("a router of axum", |app| {
        let router = axum::Router::new().fallback_service(app);
        BoxCloneSyncService::new(router)
    }),
    ("compression", |app| mapped(app, compress)),
];

fn mapped(app: App, map: fn(Response<Body>) -> Response<Body>) -> App {
    BoxCloneSyncService::new(app.map_response(map))
}

fn with_future<F>(app: App, with: impl Fn(Answering) -> F + Clone + Send + Sync + 'static) -> App
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let service = tower::service_fn(move |request| {
        let app = app.clone();
        let answering: Answering = Box::pin(async move {
            let answered = app.oneshot(request).await;
            answered.unwrap_or_else(|never| match never {})
        });
        with(answering).map(Ok::<_, Infallible>)
    });
    BoxCloneSyncService::new(service)
}

type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

fn status(app: App, status: u16) -> App {
    BoxCloneSyncService::new(app.map_response(move |response| with_status(response, status)))
}

fn with_status<B>(mut response: Response<B>, status: u16) -> Response<B> {
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response
}

fn refusal(status: u16, text: &'static str) -> Response<Body> {
    with_status(Response::new(Body::from(text)), status)
}

/// As a log does with it.
fn asked<T: std::fmt::Debug>(answer: T) -> T {
    assert!(!format!("{answer:?}").is_empty());
    answer
}

/// Keeps it to the end of the program.
fn keep(value: impl Any + Send) {
    static KEPT: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());
    KEPT.lock().expect("unpoisoned").push(Box::new(value));
}

/// As tower-http does: bodies without a known length are encoded.
fn compress(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let is_small = body.size_hint().exact().is_some_and(|len| len < 32);
    if is_small || parts.headers.contains_key(header::CONTENT_ENCODING) {
        return Response::from_parts(parts, body);
    }
    let gzip = HeaderValue::from_static("gzip");
    parts.headers.insert(header::CONTENT_ENCODING, gzip);
    Response::from_parts(parts, Body::new(Encoded(body)))
}

/// Passes no question on.
struct Encoded(Body);

impl HttpBody for Encoded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }
}
