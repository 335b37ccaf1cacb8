//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455, sections 4.2.1 and 4.2.2).

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, general_purpose::PAD},
};
use http::HeaderValue;
use sha1::{Digest, Sha1};

/// 1.3: the globally unique identifier of the protocol.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The RFC's own sample (4.1 item 7) ends in bits that a strict decoder refuses.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, PAD.with_decode_allow_trailing_bits(true));

/// 4.2.1 item 5: base64 that decodes to 16 bytes.
pub(super) fn is_valid(key: &[u8]) -> bool {
    let mut nonce = [0; 18];
    key.len() == 24 && LENIENT.decode_slice(key, &mut nonce) == Ok(16)
}

/// The value of `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455, section
/// 4.2.2, item 5.4): 28 characters.
///
/// For those who do the handshake themselves. A [`WebSocketUpgrade`](crate::WebSocketUpgrade)
/// does all of it. The key is taken as it was sent: it is not checked to be the base64 of 16 bytes,
/// as section 4.2.1, item 5, asks of it.
///
/// ```
/// use tower_websock::derive_accept_key;
///
/// // The sample of section 1.3.
/// let accept = derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
pub fn derive_accept_key(key: &[u8]) -> String {
    answer_to(key).into_iter().map(char::from).collect()
}

/// 4.2.2 item 5.4, as a header has it.
pub(super) fn accept(key: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(&answer_to(key)).expect("base64 is visible ASCII")
}

/// 4.2.2 item 5.4: SHA-1 of the key as it was sent, and the GUID, in base64.
fn answer_to(key: &[u8]) -> [u8; 28] {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let mut text = [0; 28];
    LENIENT
        .encode_slice(digest, &mut text)
        .expect("20 bytes make 28 characters");
    text
}

/// 4.1 item 7: 16 bytes in base64.
#[cfg(feature = "client")]
pub(super) fn of_nonce(nonce: [u8; 16]) -> HeaderValue {
    let mut text = [0; 24];
    LENIENT
        .encode_slice(nonce, &mut text)
        .expect("16 bytes make 24 characters");
    HeaderValue::from_bytes(&text).expect("base64 is visible ASCII")
}
