//! Real addresses.

use super::super::tcp::{connect, lookup};

/// What is an address is not looked up.
#[tokio::test]
async fn addresses_are_taken_as_they_are() {
    for (host, address) in [("127.0.0.1", "127.0.0.1:9"), ("::1", "[::1]:9")] {
        let address = address.parse().expect("an address");
        assert_eq!(lookup(host, 9).await.expect(host), [address]);
    }
}

/// If all fail, all are told.
#[tokio::test]
async fn all_that_refuse_are_named() {
    let refusing = ["[::1]:1", "127.0.0.1:1"].map(|text| text.parse().expect("an address"));
    let error = connect(refusing.into()).await.expect_err("they refuse");
    let told = error.to_string();
    assert!(told.starts_with("[::1]:1: "), "{told}");
    assert!(told.contains("; 127.0.0.1:1: "), "{told}");
}
