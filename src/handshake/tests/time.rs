//! What hostile headers cost.

use super::*;

/// CVE-2021-32640, CVE-2020-7662: what a header costs grows no faster than its length.
///
/// Eight times the length may cost 24 times as much; a quadratic rule costs 64.
#[test]
fn hostile_values_cost_linear_time() {
    type Value = fn(usize) -> Vec<u8>;

    fn repeat(unit: &str, len: usize) -> Vec<u8> {
        unit.repeat(len / unit.len()).into_bytes()
    }
    fn numbered(separator: &str, len: usize) -> Vec<u8> {
        let names: Vec<_> = (0..len / 7).map(|n| format!("p{n:05}")).collect();
        names.join(separator).into_bytes()
    }
    let spaces: Value = |len| [b"b", &*b" ".repeat(len), b"x"].concat();
    let padding: Value = |len| {
        let half = " ".repeat(len / 2);
        [half.as_bytes(), b"b", half.as_bytes()].concat()
    };
    let commas: Value = |len| repeat(",", len);
    let spaced_commas: Value = |len| repeat(" , ", len);
    let tokens: Value = |len| numbered(",", len);
    let params: Value = |len| numbered(";", len);
    let token: Value = |len| repeat("t", len);
    let same: Value = |len| repeat("t,", len);
    let pairs: Value = |len| [b"a; b=\"", &*repeat("\\c", len)].concat();
    let quotes: Value = |len| [b"a", &*repeat(";b=\"c\"", len), b";b=\""].concat();
    let obs_text: Value = |len| vec![0xff; len];

    let protocol = header::SEC_WEBSOCKET_PROTOCOL;
    let extensions = header::SEC_WEBSOCKET_EXTENSIONS;
    let rows: [(&HeaderName, Value, Result<(), Rejection>); 28] = [
        (&protocol, spaces, Err(Rejection::Subprotocols)),
        (&protocol, padding, OK),
        (&protocol, commas, Err(Rejection::Subprotocols)),
        (&protocol, spaced_commas, Err(Rejection::Subprotocols)),
        (&protocol, tokens, OK),
        (&protocol, token, OK),
        (&protocol, same, Err(Rejection::Subprotocols)),
        (&protocol, pairs, Err(Rejection::Subprotocols)),
        (&protocol, obs_text, Err(Rejection::Subprotocols)),
        (&extensions, spaces, Err(Rejection::Extensions)),
        (&extensions, padding, OK),
        (&extensions, commas, Err(Rejection::Extensions)),
        (&extensions, spaced_commas, Err(Rejection::Extensions)),
        (&extensions, tokens, OK),
        (&extensions, params, OK),
        (&extensions, token, OK),
        (&extensions, same, OK),
        (&extensions, pairs, Err(Rejection::Extensions)),
        (&extensions, quotes, Err(Rejection::Extensions)),
        (&extensions, obs_text, Err(Rejection::Extensions)),
        (&header::UPGRADE, spaces, Err(Rejection::Upgrade)),
        (&header::UPGRADE, padding, Err(Rejection::Upgrade)),
        (&header::UPGRADE, commas, Err(Rejection::Upgrade)),
        (
            &header::CONNECTION,
            spaced_commas,
            Err(Rejection::Connection),
        ),
        (&header::SEC_WEBSOCKET_KEY, padding, Err(Rejection::Key)),
        (&header::SEC_WEBSOCKET_KEY, token, Err(Rejection::Key)),
        (&header::SEC_WEBSOCKET_KEY, spaces, Err(Rejection::Key)),
        (
            &header::SEC_WEBSOCKET_VERSION,
            spaces,
            Err(Rejection::Version),
        ),
    ];
    for (row, (name, value, expected)) in rows.into_iter().enumerate() {
        let [short, long, huge] = [1, 8, 64].map(|kib| sample_with(name, &[value(kib << 10)]));
        assert_eq!(verdict(&short), expected, "{name}, row {row}");
        assert_eq!(verdict(&long), expected, "{name}, row {row}");
        assert_eq!(verdict(&huge), expected, "{name}, row {row}");
        assert!(costs_at_most(24, &long, &short), "{name}, row {row}");
    }
}

/// Whether `long` takes at most `times` as long to check as `short`, in the best runs of both.
pub(super) fn costs_at_most(times: u32, long: &Parts, short: &Parts) -> bool {
    let time = |parts: &Parts| {
        let start = Instant::now();
        let _ = black_box(Handshake::check(black_box(parts), None));
        start.elapsed()
    };
    let (mut slow, mut fast) = (Duration::MAX, Duration::MAX);
    // What is too fast to measure is fast enough.
    let floor = Duration::from_micros(10);
    // Short runs, and many: the machine may be busy with other things.
    (0..1000).any(|run| {
        fast = fast.min(time(short));
        slow = slow.min(time(long));
        run >= 5 && slow <= times * fast.max(floor)
    })
}

/// CVE-2021-32640: 10,000 subprotocols are read, in order, and a repeated one is found.
#[test]
fn many_subprotocols_are_all_compared() {
    let mut offered: Vec<_> = (0..10_000).map(|n| format!("p{n}")).collect();
    let parts = sample_with(&header::SEC_WEBSOCKET_PROTOCOL, &[offered.join(", ")]);
    assert_eq!(names(&Handshake::check(&parts, None).unwrap()), offered);
    offered.push("p0".into());
    let parts = sample_with(&header::SEC_WEBSOCKET_PROTOCOL, &[offered.join(", ")]);
    assert_eq!(verdict(&parts), Err(Rejection::Subprotocols));
}
