//! What a server says that does not accept.

use std::{future::poll_fn, pin::pin, time::Duration};

use bytes::{Buf, BufMut, BytesMut};
use http::Response;
use http_body::Body;
use tokio::time::timeout;

use super::{Error, deadline::Deadline};

/// Bytes of the body that are kept.
const KEPT: usize = 1024;
/// How long a server may keep us waiting for the next piece of it.
const PATIENCE: Duration = Duration::from_secs(1);
/// Characters of it that a sentence shows.
const SHOWN: usize = 200;

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

/// A body as a part of a sentence: on one line, shortened. `None` if it is empty or no text that
/// can be printed, as compressed bodies are not.
pub(super) fn excerpt(body: &[u8]) -> Option<String> {
    let text = match str::from_utf8(body) {
        Ok(text) => text,
        // Cut off inside a character, by us.
        Err(error) if error.error_len().is_none() && body.len() == KEPT => {
            str::from_utf8(&body[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text
        .chars()
        .any(|c| is_unprintable(c) && !c.is_whitespace())
    {
        return None;
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = line.char_indices().nth(SHOWN).map(|(at, _)| at);
    match cut {
        _ if line.is_empty() => None,
        None if body.len() < KEPT => Some(line),
        cut => Some(format!("{}...", &line[..cut.unwrap_or(line.len())])),
    }
}

/// Control characters, and those by which a text is shown in another order than it has.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
