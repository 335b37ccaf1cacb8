//! What hostile offers cost.

use super::{super::time::costs_at_most, *};

/// CVE-2021-32640, CVE-2020-7662: what offers cost grows no faster than their length.
///
/// Eight times the length may cost 24 times as much; a quadratic rule costs 64.
#[test]
fn hostile_offers_cost_linear_time() {
    fn declined(unit: &str, len: usize) -> String {
        let head = "permessage-deflate; ";
        format!("{head}{}", unit.repeat(len / unit.len()))
    }

    type Value = fn(usize) -> String;
    let rows: [(Value, Result<(), Rejection>); 8] = [
        // Quotes that are never closed, in offers that would be declined or accepted.
        (
            |len| declined("x=\"\\c\\c\"; ", len) + "y=\"\\c",
            Err(Rejection::Extensions),
        ),
        (
            |len| format!("permessage-deflate, {}", declined("x;", len) + "y=\"\\1\\0"),
            Err(Rejection::Extensions),
        ),
        (
            |len| format!("permessage-deflate; x=\"{}", "\\c".repeat(len / 2)),
            Err(Rejection::Extensions),
        ),
        // Long values of known parameters.
        (
            |len| {
                format!(
                    "permessage-deflate; server_max_window_bits=\"{}\"",
                    "\\1".repeat(len / 2)
                )
            },
            OK,
        ),
        (
            |len| {
                format!(
                    "permessage-deflate; client_max_window_bits={}",
                    "0".repeat(len)
                )
            },
            OK,
        ),
        // Many offers, many parameters.
        (|len| declined("x, permessage-deflate; ", len) + "y", OK),
        (
            |len| declined("server_no_context_takeover; ", len) + "y",
            OK,
        ),
        (|len| "permessage-deflate,".repeat(len / 19), OK),
    ];
    for (row, (value, expected)) in rows.into_iter().enumerate() {
        let name = &header::SEC_WEBSOCKET_EXTENSIONS;
        let [short, long, huge] = [1, 8, 64].map(|kib| sample_with(name, &[value(kib << 10)]));
        for parts in [&short, &long, &huge] {
            assert_eq!(verdict(parts), expected, "row {row}");
        }
        assert!(costs_at_most(24, &long, &short), "row {row}");
    }
}

/// 5: 10,000 offers are declined, and the next one is accepted.
#[test]
fn many_offers_are_all_tried() {
    let bad = vec!["permessage-deflate; server_max_window_bits=16"; 10_000];
    let line = bad.join(", ");
    let config = unbounded();
    assert_eq!(answer(&[&line], &config), None);
    let (params, value) = answer(&[&line, "permessage-deflate"], &config).unwrap();
    assert_eq!(params, agreed_on(UNBOUNDED));
    assert_eq!(value, "permessage-deflate");
}
