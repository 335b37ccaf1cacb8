//! Header values that are meant to cost much.

use std::time::Duration;

use http::{HeaderName, header};
use tower_websock::Rejection;

use crate::report::{Amount::*, Report};
use crate::support::cpu::cpu_time;
use crate::tools::*;

use super::{Verdict, verdict, with};

/// Values of 1, 8 and 64 KiB have their verdict; reports what eight times the length costs, and what
/// 64 KiB do.
fn assert_linear(
    report: &mut Report,
    name: &HeaderName,
    value: impl Fn(usize) -> Vec<u8>,
    expected: Verdict,
) {
    let values = [1, 8, 64].map(|kib| value(kib << 10));
    let time = |value: &[u8]| {
        let parts = with(name, value);
        let begin = cpu_time();
        let found = verdict(parts);
        let took = cpu_time().saturating_sub(begin);
        assert_eq!(found, expected, "{name}: {}", value[..40].escape_ascii());
        took
    };
    // What is too fast to measure is fast enough.
    let (mut times, floor) = ([Duration::MAX; 3], micros(10));
    for run in 0..1000 {
        for (time_of, value) in times.iter_mut().zip(&values) {
            if run < 3 || value.len() <= 9 << 10 {
                *time_of = time(value).min(*time_of);
            }
        }
        if run >= 3 && times[1] <= 16 * times[0].max(floor) {
            break;
        }
    }
    let ratio = times[1].as_secs_f64() / times[0].max(floor).as_secs_f64();
    let what = format!("t(8n)/t(n) of 1 KiB of {name}, the worst value");
    report.at_most(what, Ratio(ratio), Ratio(24.0));
    let what = format!("time of 64 KiB of {name}, without optimisation");
    report.at_most(what, Time(times[2]), Time(Duration::from_millis(50)));
}

/// What a header costs grows no faster than its length: eight times the length may cost 24 times as
/// much; a quadratic rule costs 64.
pub(crate) fn abuse_18_hostile_header_values(report: &mut Report) {
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
    let rows: [(&HeaderName, Value, Verdict); 28] = [
        (&protocol, spaces, Err(Rejection::Subprotocols)),
        (&protocol, padding, Ok(())),
        (&protocol, commas, Err(Rejection::Subprotocols)),
        (&protocol, spaced_commas, Err(Rejection::Subprotocols)),
        (&protocol, tokens, Ok(())),
        (&protocol, token, Ok(())),
        (&protocol, same, Err(Rejection::Subprotocols)),
        (&protocol, pairs, Err(Rejection::Subprotocols)),
        (&protocol, obs_text, Err(Rejection::Subprotocols)),
        (&extensions, spaces, Err(Rejection::Extensions)),
        (&extensions, padding, Ok(())),
        (&extensions, commas, Err(Rejection::Extensions)),
        (&extensions, spaced_commas, Err(Rejection::Extensions)),
        (&extensions, tokens, Ok(())),
        (&extensions, params, Ok(())),
        (&extensions, token, Ok(())),
        (&extensions, same, Ok(())),
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
    for (name, value, expected) in rows {
        assert_linear(report, name, value, expected);
    }
}

/// The same of offers of compression: unclosed quotes, long values, many offers and parameters.
pub(crate) fn cve_2020_7662_hostile_offers(report: &mut Report) {
    fn declined(unit: &str, len: usize) -> String {
        let head = "permessage-deflate; ";
        format!("{head}{}", unit.repeat(len / unit.len()))
    }

    type Offer = fn(usize) -> String;
    let rows: [(Offer, Verdict); 8] = [
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
            Ok(()),
        ),
        (
            |len| {
                format!(
                    "permessage-deflate; client_max_window_bits={}",
                    "0".repeat(len)
                )
            },
            Ok(()),
        ),
        // Many offers, many parameters.
        (|len| declined("x, permessage-deflate; ", len) + "y", Ok(())),
        (
            |len| declined("server_no_context_takeover; ", len) + "y",
            Ok(()),
        ),
        (|len| "permessage-deflate,".repeat(len / 19), Ok(())),
    ];
    for (value, expected) in rows {
        let value = |len| value(len).into_bytes();
        assert_linear(report, &header::SEC_WEBSOCKET_EXTENSIONS, value, expected);
    }
}
