//! What values are made of and become, and what is set if nobody says otherwise.

use std::{borrow::Cow, error::Error as _};

use bytes::Bytes;
use tower_websock::{
    ConnectionKey, Connections, Drain, Message, NotUtf8, PreparedMessage, Topic, TopicConfig,
    TopicKey, Utf8Bytes,
};

#[test]
fn text_is_what_it_was_made_of() {
    let text = Utf8Bytes::from("grüße");
    assert_eq!(AsRef::<str>::as_ref(&text), "grüße");
    assert_eq!(AsRef::<[u8]>::as_ref(&text), "grüße".as_bytes());
    assert_eq!(String::from(text.clone()), "grüße");
    assert_eq!(Bytes::from(text.clone()), "grüße");
    assert_eq!(Message::from(text.clone()), Message::text("grüße"));
    let prepared = PreparedMessage::from(text);
    assert_eq!((prepared.len(), prepared.is_empty()), (7, false));
    assert!(PreparedMessage::from(Vec::new()).is_empty());
    // What is not text says where.
    let error: NotUtf8 = Message::binary(vec![b'a', 0xFF]).into_text().unwrap_err();
    let source = error.source().expect("the standard library's");
    assert!(source.to_string().contains("index 1"), "{source}");
}

#[test]
fn keys_are_equal_if_what_they_were_made_of_is() {
    let keys = [
        TopicKey::from("room 7"),
        TopicKey::from(String::from("room 7")),
        TopicKey::from(Bytes::from("room 7")),
    ];
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_ne!(keys[0], TopicKey::from("room 8"));
    let keys = [
        ConnectionKey::from("ann"),
        ConnectionKey::from(String::from("ann")),
        ConnectionKey::from(Cow::from("ann")),
    ];
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_ne!(keys[0], ConnectionKey::from(7));
}

/// `default` is `new`.
#[test]
fn defaults_are_those_of_new() {
    let shown = [
        (
            format!("{:?}", Connections::default()),
            format!("{:?}", Connections::new()),
        ),
        (
            format!("{:?}", Drain::default()),
            format!("{:?}", Drain::new()),
        ),
        (
            format!("{:?}", Topic::default()),
            format!("{:?}", Topic::new()),
        ),
        (
            format!("{:?}", TopicConfig::default()),
            format!("{:?}", TopicConfig::new()),
        ),
    ];
    for (default, new) in shown {
        assert_eq!(default, new);
    }
}
