//! Control frames that are received (RFC 6455, section 5.5).

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    message::{CloseFrame, Message},
    wire::{FrameHeader, MAX_CONTROL_PAYLOAD, OpCode, ProtocolError, apply_mask, close_body},
};

/// Takes a control frame, which is at the start of `input`, once it is there as a whole.
pub(super) fn take(
    header: &FrameHeader,
    header_len: usize,
    input: &mut BytesMut,
) -> Result<Option<Message>, ProtocolError> {
    let len = header.len;
    let mut buffer = [0; MAX_CONTROL_PAYLOAD];
    let arrived = len.min(input.len() - header_len);
    let body = &mut buffer[..arrived];
    body.copy_from_slice(&input[header_len..][..arrived]);
    apply_mask(header.mask, 0, body);
    if arrived < len {
        if header.opcode == OpCode::Close {
            close_body::check_partial(body)?;
        }
        return Ok(None);
    }
    input.advance(header_len + len);
    Ok(Some(match header.opcode {
        OpCode::Ping => Message::Ping(Bytes::copy_from_slice(body)),
        OpCode::Pong => Message::Pong(Bytes::copy_from_slice(body)),
        _ => Message::Close(CloseFrame::decode(body)?),
    }))
}
