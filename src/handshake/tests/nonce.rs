//! The key and its digest.

use super::*;

/// 4.2.2 item 5.4: the accept of the key as it was sent. The first vector is that of 1.3;
/// the second is the key of 4.1 item 7, whose last bits a strict decoder refuses; the
/// others were computed with Python's hashlib.
#[test]
fn accept_is_the_digest_of_the_key_as_sent() {
    for (key, accept) in [
        ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("AQIDBAUGBwgJCgsMDQ4PEC==", "OfS0wDaT5NoxF2gqm7Zj2YtetzM="),
        ("AQIDBAUGBwgJCgsMDQ4PEA==", "C/0nmHhBztSRGR1CwL6Tf4ZjwpY="),
        ("AAAAAAAAAAAAAAAAAAAAAA==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI="),
        ("/////////////////////w==", "XXpj4jYzLM2yUE0C7TIgMwTQh2g="),
        ("++++++++++++++++++++++==", "C0o3Ovh8UpcaIgcDTjj6slVZpdM="),
    ] {
        assert_eq!(key::accept(key.as_bytes()), accept);
        assert_eq!(derive_accept_key(key.as_bytes()), accept);
        for sent in [key.to_owned(), format!(" \t{key}\t ")] {
            let parts = sample_with(&header::SEC_WEBSOCKET_KEY, &[sent]);
            assert_eq!(
                Handshake::check(&parts, None).unwrap().accept.unwrap(),
                accept
            );
        }
    }
}

/// 4.2.1 item 5: a base64 value that decodes to 16 bytes. 11.3.1: once.
#[test]
fn key_that_is_not_16_bytes_in_base64_is_refused() {
    let name = header::SEC_WEBSOCKET_KEY;
    let refused: &[&[&str]] = &[
        // None, and an empty one.
        &[],
        &[""],
        &["="],
        &["=="],
        &["===="],
        &["========================"],
        // 15 bytes, 17, 18, 12, 32, and a single one.
        &["AAECAwQFBgcICQoLDA0O"],
        &["AAECAwQFBgcICQoLDA0ODxA="],
        &["AAECAwQFBgcICQoLDA0ODxAR"],
        &["AAECAwQFBgcICQoL"],
        &["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="],
        &["AA=="],
        // The padding is missing, short, long, or in the wrong place.
        &["AAECAwQFBgcICQoLDA0ODw"],
        &["AAECAwQFBgcICQoLDA0ODw="],
        &["AAECAwQFBgcICQoLDA0ODw==="],
        &["AAECAwQFBgcICQoLDA0OD==="],
        &["==AAECAwQFBgcICQoLDA0ODw"],
        &["AAECAwQFBgcICQoLDA0O=Dw="],
        &["AAECAwQFBgc=ICQoLDA0Ow=="],
        &["AAECAwQFBgcICQoLDA0ODw%3D%3D"],
        // The alphabet of URLs.
        &["-__7__v_-__7__v_-__7_w=="],
        &["AAECAwQFBgcICQoLDA0O_w=="],
        &["AAECAwQFBgcICQoLDA0O-w=="],
        // White space inside.
        &["dGhl IHNhbXBsZSBub25jZQ=="],
        &["dGhlIHNhbXBs ZSBub25jZQ="],
        &["dGhlIHNhbXBs\tZSBub25jZQ="],
        &["dGhlIHNhbXBsZSBub25jZQ ="],
        &["dGhlIHNhbXBsZSBub25jZQ= ="],
        // Other characters.
        &["dGhlIHNhbXBsZSBub25jZ!=="],
        &["dGhlIHNhbXBsZSBub25jZ\u{e9}="],
        &["\"HhlIHNhbXBsZSBub25jZQ\"="],
        &["\"dGhlIHNhbXBsZSBub25jZQ==\""],
        &["dGhlIHNhbXBsZSBub25jZQ==,"],
        &["dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="],
        // Twice.
        &["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="],
        &["dGhlIHNhbXBsZSBub25jZQ==", "AQIDBAUGBwgJCgsMDQ4PEA=="],
        &["dGhlIHNhbXBsZSBub25jZQ==", ""],
        &["", "dGhlIHNhbXBsZSBub25jZQ=="],
    ];
    assert_each(&name, refused, Err(Rejection::Key));
}

/// 4.1 item 7: the trailing bits of the last character are not looked at.
#[test]
fn key_with_any_trailing_bits_is_accepted() {
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".chars() {
        let key = format!("AQIDBAUGBwgJCgsMDQ4PE{last}==");
        assert_each_line(&header::SEC_WEBSOCKET_KEY, &[&key], OK);
    }
}
