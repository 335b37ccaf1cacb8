//! Bodies and errors of the inner service, of whatever type.

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_websock::{WebSocketLayer, WebSocketService};

use crate::support::echo;

use super::{Broken, Local, VERSION, connected, set, unreachable, unused};

/// Tower's contract: the errors are the inner service's; a refusal is none.
#[tokio::test(start_paused = true)]
async fn error_of_the_inner_service_passes_through() {
    let inner = service_fn(async |_: Request<()>| Err::<Response<()>, _>(Broken(3)));
    let service = WebSocketLayer::new(unused).layer(inner);
    let error = service.clone().oneshot(Request::new(())).await.err();
    assert_eq!(error, Some(Broken(3)));
    let (_client, mut request) = connected();
    set(&mut request, VERSION, "8");
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 426);
}

/// A body that can neither be sent, nor made of nothing, nor of bytes.
struct Letters {
    frames: Vec<Result<Frame<Bytes>, Broken>>,
    hint: SizeHint,
    _local: Rc<()>,
}

impl Body for Letters {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        Poll::Ready(self.frames.pop())
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// Tower's contract: the inner service's body is handed on frame by frame, in no box.
#[tokio::test]
async fn body_of_the_inner_service_passes_through() {
    let inner = service_fn(async |request: Request<Local>| {
        let trailers = HeaderMap::from_iter([(
            http::header::ETAG,
            const { HeaderValue::from_static("trailer") },
        )]);
        let mut hint = SizeHint::new();
        hint.set_lower(2);
        hint.set_upper(20);
        Ok::<_, Infallible>(Response::new(Letters {
            frames: vec![
                Err(Broken(9)),
                Ok(Frame::trailers(trailers)),
                Ok(Frame::data("b".into())),
                Ok(Frame::data("a".into())),
            ],
            hint,
            _local: request.into_body().0,
        }))
    });
    let service = WebSocketLayer::new(unused).layer(inner);
    let response = service
        .oneshot(Request::new(Local::default()))
        .await
        .unwrap();
    let mut body = pin!(response.into_body());
    assert_eq!(body.size_hint().lower(), 2);
    assert_eq!(body.size_hint().upper(), Some(20));
    for letter in ["a", "b"] {
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), letter);
    }
    let trailers = body.frame().await.unwrap().unwrap();
    assert_eq!(trailers.into_trailers().unwrap()["etag"], "trailer");
    assert!(!body.is_end_stream());
    assert_eq!(body.frame().await.unwrap().err(), Some(Broken(9)));
    assert!(body.is_end_stream());
    assert!(body.frame().await.is_none());
}

/// A handshake may come with such bodies too: it is dropped, and the response is ours.
#[tokio::test(start_paused = true)]
async fn handshake_with_a_local_body_is_accepted() {
    let inner = service_fn(
        async |_: Request<Local>| -> Result<Response<Letters>, Infallible> {
            panic!("the inner service was called")
        },
    );
    let service = WebSocketLayer::new(echo).layer(inner);
    let (client, request) = connected();
    let body = Rc::new(());
    let request = request.map(|()| Local(body.clone()));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(Rc::strong_count(&body), 1);
    assert_eq!(response.status(), 101);
    assert!(response.into_body().is_end_stream());
    client.close().await;
}

/// Tower's ecosystem spawns and boxes services: what the inner one allows, ours does.
#[test]
fn service_is_send_sync_and_clone_if_the_inner_one_is() {
    fn check<S>(service: &S)
    where
        S: Service<Request<()>, Future: Send, Response: Send> + Send + Sync + Clone + 'static,
    {
        let _ = service.clone();
    }
    check(&WebSocketService::new(echo));
    check(&WebSocketLayer::new(echo).layer(service_fn(unreachable::<()>)));
}
