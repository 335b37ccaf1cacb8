//! What a server says that does not accept.

use std::{future::poll_fn, pin::pin, time::Duration};

use bytes::{Buf, BufMut, BytesMut};
use http::Response;
use http_body::Body;
use tokio::time::timeout;

use super::{Error, deadline::Deadline, excerpt::KEPT};

/// How long a server may keep us waiting for the next piece of it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The error that keeps a response, with the beginning of its body.
pub(super) async fn refused<B: Body>(response: Response<B>, deadline: Deadline) -> Error {
    let (parts, body) = response.into_parts();
    let mut kept = BytesMut::new();
    // Too late or broken off: what came is what there is. The refusal is known all the same.
    let _ = deadline.bound(read(body, &mut kept)).await;
    Error::Refused(Box::new(Response::from_parts(parts, kept.freeze())))
}

async fn read<B: Body>(body: B, kept: &mut BytesMut) {
    let mut body = pin!(body);
    // As many frames as bytes, so that empty ones cannot go on for ever.
    for _ in 0..KEPT {
        if kept.len() == KEPT || body.is_end_stream() {
            return;
        }
        let frame = timeout(PATIENCE, poll_fn(|cx| body.as_mut().poll_frame(cx))).await;
        let Ok(Some(Ok(frame))) = frame else {
            return;
        };
        if let Ok(data) = frame.into_data() {
            kept.put(data.take(KEPT - kept.len()));
        }
    }
}
