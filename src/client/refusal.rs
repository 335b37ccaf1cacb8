//! What is kept of a response that does not accept.

use std::{future::poll_fn, pin::pin, time::Duration};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::Response;
use http_body::Body;
use tokio::{task::coop::consume_budget, time::timeout};

use super::{deadline::Deadline, error::CutOff};

/// How long a server may keep us waiting for the next piece of it.
const PATIENCE: Duration = Duration::from_secs(1);
/// Pieces without data that are read at most, since they do not count for the length.
const MAX_EMPTY: usize = 1024;

/// The response with the first `max` bytes of its body.
pub(super) async fn kept<B: Body>(
    response: Response<B>,
    max: usize,
    deadline: Deadline,
) -> Box<Response<Bytes>> {
    let (mut parts, body) = response.into_parts();
    let mut kept = BytesMut::new();
    // Too late or broken off: what came is what there is. The refusal is known all the same.
    let read = deadline.bound(read(body, max, &mut kept)).await;
    if let Ok(Some(CutOff)) | Err(_) = read {
        parts.extensions.insert(CutOff);
    }
    Box::new(Response::from_parts(parts, kept.freeze()))
}

/// Whether there may be more than was read.
async fn read<B: Body>(body: B, max: usize, kept: &mut BytesMut) -> Option<CutOff> {
    let mut body = pin!(body);
    let mut empty = 0;
    while empty < MAX_EMPTY && !body.is_end_stream() {
        if kept.len() == max {
            return Some(CutOff);
        }
        // A body that never waits must not get around the deadline.
        consume_budget().await;
        let frame = timeout(PATIENCE, poll_fn(|cx| body.as_mut().poll_frame(cx))).await;
        let frame = match frame {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => return None,
            // Broken off, or silent.
            Ok(Some(Err(_))) | Err(_) => return Some(CutOff),
        };
        match frame.into_data() {
            Ok(data) if data.has_remaining() => {
                let is_longer = data.remaining() > max - kept.len();
                kept.put(data.take(max - kept.len()));
                if is_longer {
                    return Some(CutOff);
                }
            }
            _ => empty += 1,
        }
    }
    None
}
