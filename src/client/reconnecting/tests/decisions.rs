//! What follows which failure: a table of all.

use std::time::SystemTime;

use http::header;

use super::{
    super::decision::Situation,
    Decision::{Stop, Wait},
    *,
};
use crate::{
    Error,
    client::{CertificateFault, ProxyError, RedirectError, Stage, TlsError},
    protocol::Loss,
    wire::{ProtocolError, close_code},
};

const SECOND: Duration = Duration::from_secs(1);

/// Fri, 02 Jan 1970 00:00:00 GMT
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + 86_400 * SECOND
}

fn decide(retry: &Retry, cause: &Cause, retries: u32, random: u64) -> Decision {
    retry.decide(&Situation {
        cause,
        retries,
        down_for: Duration::ZERO,
        now: now(),
        random,
    })
}

/// The least and the most that is waited first, in milliseconds; `None` if it is final.
fn range(retry: &Retry, cause: &Cause) -> Option<(u128, u128)> {
    match [0, u64::MAX].map(|random| decide(retry, cause, 0, random)) {
        [Wait(least), Wait(most)] => Some((least.as_millis(), most.as_millis() + 1)),
        [Stop, Stop] => None,
        other => panic!("{other:?}"),
    }
}

const USUAL: Option<(u128, u128)> = Some((0, 1000));

/// RFC 6455 7.4: every code that a server may send.
#[test]
fn every_close_code_has_its_decision() {
    for code in (0..=u16::MAX).filter(|&code| close_code::is_valid(code)) {
        let expected = match code {
            1000 | 1002 | 1003 | 1007..=1010 | 4000..=4999 => None,
            1001 | 1011 | 1014 | 3000..=3999 => USUAL,
            1012 => Some((5000, 30_000)),
            1013 => Some((30_000, 60_000)),
            _ => panic!("{code} is not in the table"),
        };
        assert_eq!(range(&Retry::new(), &closed(code)), expected, "{code}");
    }
    assert_eq!(range(&Retry::new(), &Cause::Closed(None)), USUAL);
    let retry = Retry::new().retry_after_normal();
    assert_eq!(range(&retry, &closed(1000)), USUAL);
    assert_eq!(range(&retry, &closed(1008)), None);
}

/// RFC 9110 15: every status, with and without a time.
#[test]
fn every_status_has_its_decision() {
    for status in 100..=999 {
        let decided = |after| range(&Retry::new(), &Cause::NotOpened(refused(status, after)));
        #[rustfmt::skip]
        let (plain, told) = match status {
            401 | 403 | 301 | 308 => (None, None),
            408 | 421 | 425 | 429 => (USUAL, Some((7000, 8000))),
            400..=499 => (None, Some((7000, 8000))),
            _ => (USUAL, Some((7000, 8000))),
        };
        assert_eq!(decided(None), plain, "{status}");
        assert_eq!(decided(Some("7")), told, "{status} with a time");
        assert_eq!(decided(Some("soon")), plain, "{status} with none");
    }
}

/// RFC 9110 10.2.3: to come back at once is an invitation, too.
#[test]
fn retry_after_of_no_time_is_not_final() {
    let past = "Thu, 01 Jan 1970 23:59:00 GMT";
    for status in 100..=999 {
        let expected = match status {
            401 | 403 | 301 | 308 => None,
            _ => USUAL,
        };
        for after in ["0", past] {
            let cause = Cause::NotOpened(refused(status, Some(after)));
            let decided = range(&Retry::new(), &cause);
            assert_eq!(decided, expected, "{status} with {after}");
        }
    }
    let deaf = Retry::new().max_retry_after(Duration::ZERO);
    for after in ["0", "7", past] {
        let cause = Cause::NotOpened(refused(404, Some(after)));
        assert_eq!(range(&deaf, &cause), None, "{after}");
    }
}

/// RFC 9110 10.2.3: a date, or more seconds than anybody waits; never less than is told.
#[test]
fn retry_after_is_heeded_within_bounds() {
    let busy = |after| Cause::NotOpened(refused(503, Some(after)));
    let rows = [
        ("Fri, 02 Jan 1970 00:01:00 GMT", Some((60_000, 61_000))),
        ("Thu, 01 Jan 1970 23:59:00 GMT", USUAL),
        ("3600", Some((600_000, 601_000))),
        ("99999999999999999999999", Some((600_000, 601_000))),
    ];
    for (after, expected) in rows {
        assert_eq!(range(&Retry::new(), &busy(after)), expected, "{after}");
    }
    let retry = Retry::new().max_retry_after(Duration::MAX);
    let day = Some((86_400_000, 86_401_000));
    assert_eq!(range(&retry, &busy("86400")), day);
    let Wait(wait) = decide(&retry, &busy("99999999999999999999999"), 0, u64::MAX) else {
        panic!("final");
    };
    assert!(wait < 2 * super::super::retry::LONGEST);
    let retry = Retry::new().max_retry_after(Duration::ZERO);
    assert_eq!(range(&retry, &busy("3600")), USUAL);
    // With the ninth retry in a row, the random time on top is as long as it always is then.
    let decided = decide(&Retry::new(), &busy("7"), 8, u64::MAX / 2);
    assert_eq!(decided, Wait(Duration::from_nanos(36_999_999_999)));
}

/// One that was not followed.
fn redirect(status: u16) -> client::Error {
    match refused(status, None) {
        client::Error::Refused(response) => {
            client::Error::Redirect(RedirectError::TooMany(3), response)
        }
        other => other,
    }
}

fn by_proxy(status: u16, retry_after: Option<&str>) -> client::Error {
    match refused(status, retry_after) {
        client::Error::Refused(response) => {
            client::Error::Proxy(ProxyError::Refused(Box::new(response.map(drop))))
        }
        other => other,
    }
}

/// RFC 9110 10.2.3: a proxy may say when to come back, too.
#[test]
fn retry_after_of_a_proxy_is_heeded() {
    let decided = |retry: &Retry, status, after| {
        let cause = Cause::NotOpened(by_proxy(status, after));
        range(retry, &cause)
    };
    let retry = Retry::new();
    for status in [404, 408, 429, 500, 502, 503, 504] {
        let after = |after| decided(&retry, status, after);
        assert_eq!(after(Some("120")), Some((120_000, 121_000)), "{status}");
        assert_eq!(after(Some("3600")), Some((600_000, 601_000)), "{status}");
        assert_eq!(after(Some("0")), USUAL, "{status}");
        assert_eq!(after(Some("soon")), USUAL, "{status}");
        assert_eq!(after(None), USUAL, "{status}");
        let deaf = Retry::new().max_retry_after(Duration::ZERO);
        assert_eq!(decided(&deaf, status, Some("120")), USUAL, "{status}");
    }
    for status in [403, 407] {
        assert_eq!(decided(&retry, status, Some("120")), None, "{status}");
    }
}

/// What is the user's own is final; the rest is not.
#[test]
fn every_error_has_its_decision() {
    let final_ones = [
        client::Error::Uri("there is no host"),
        client::Error::Tls(TlsError::NoFeature),
        client::Error::Tls(TlsError::Roots("no certificate".into())),
        client::Error::Tls(TlsError::Host("a host".into())),
        client::Error::Proxy(ProxyError::Credentials("too long")),
        client::Error::Proxy(ProxyError::SocksCredentials),
        redirect(308),
        by_proxy(403, None),
        by_proxy(407, None),
        client::Error::Header(header::UPGRADE),
        client::Error::HeaderName("a b".into()),
        client::Error::InvalidHeader(header::HOST, "it is set twice"),
    ];
    for error in final_ones {
        let cause = Cause::NotOpened(error);
        assert_eq!(range(&Retry::new(), &cause), None, "{cause}");
    }
    let others = [
        Cause::NotOpened(unreachable()),
        Cause::NotOpened(client::Error::Lookup(std::io::ErrorKind::NotFound.into())),
        Cause::NotOpened(client::Error::TimedOut(Stage::Answer)),
        Cause::NotOpened(redirect(302)),
        Cause::NotOpened(by_proxy(502, None)),
        Cause::NotOpened(client::Error::Proxy(ProxyError::SocksRefused(5))),
        Cause::NotOpened(client::Error::Tls(TlsError::Certificate(
            CertificateFault::Expired,
            "yesterday".into(),
        ))),
        Cause::NotOpened(client::Error::Ended),
        Cause::NotOpened(client::Error::Service("broken".into())),
        Cause::TimedOut,
        Cause::Hook("no token".into()),
        Cause::Broken(Error::Lost(Loss::NoPong)),
        Cause::Broken(Error::Io(std::io::ErrorKind::ConnectionReset.into())),
        Cause::Broken(Error::Protocol(ProtocolError::MaskedFrame)),
    ];
    for cause in others {
        assert_eq!(range(&Retry::new(), &cause), USUAL, "{cause}");
    }
}

/// 7.2.3: the limit grows, up to the longest, and the random time is any part of it.
#[test]
fn limit_grows_and_jitter_is_full() {
    let lost = Cause::Broken(Error::Lost(Loss::Ended));
    let limits = |retry: &Retry| {
        [0, 1, 2, 3, 6, 100, u32::MAX].map(|retries| {
            let [Wait(least), Wait(half), Wait(most)] =
                [0, 1 << 63, u64::MAX].map(|random| decide(retry, &lost, retries, random))
            else {
                panic!("final");
            };
            assert_eq!(least, Duration::ZERO);
            assert!(
                most <= 2 * half + Duration::from_nanos(1),
                "{half:?} of {most:?}"
            );
            (most + Duration::from_nanos(1)).as_millis()
        })
    };
    let rows = [
        (
            Retry::new(),
            [1000, 2000, 4000, 8000, 60_000, 60_000, 60_000],
        ),
        (
            Retry::new()
                .first_delay(3 * SECOND)
                .factor(1.5)
                .max_delay(10 * SECOND),
            [3000, 4500, 6750, 10_000, 10_000, 10_000, 10_000],
        ),
        (Retry::new().factor(1.0), [1000; 7]),
        (Retry::new().factor(0.0), [1000; 7]),
        (Retry::new().factor(-3.0), [1000; 7]),
        (Retry::new().factor(f64::NAN), [1000; 7]),
        (
            Retry::new().factor(f64::INFINITY),
            [1000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000],
        ),
        (Retry::new().max_delay(Duration::ZERO), [1000; 7]),
        (
            Retry::new().first_delay(Duration::ZERO),
            [1, 2, 4, 8, 64, 60_000, 60_000],
        ),
    ];
    for (retry, expected) in rows {
        assert_eq!(limits(&retry), expected, "{retry:?}");
    }
    let endless = Retry::new()
        .first_delay(Duration::MAX)
        .max_delay(Duration::MAX);
    let year = super::super::retry::LONGEST.as_millis();
    assert_eq!(limits(&endless), [year; 7]);
}

/// So many in a row, or so long, and no more.
#[test]
fn row_of_retries_has_an_end() {
    let lost = Cause::Broken(Error::Lost(Loss::Ended));
    for most in [0, 1, 5] {
        let retry = Retry::new().max_retries(Some(most));
        for retries in 0..8 {
            let decided = decide(&retry, &lost, retries, 0);
            assert_eq!(decided == Stop, retries >= most, "{retries} of {most}");
        }
    }
    let retry = Retry::new().give_up_after(Some(10 * SECOND));
    let after = |down_for, random| {
        retry.decide(&Situation {
            cause: &lost,
            retries: 3,
            down_for,
            now: now(),
            random,
        })
    };
    assert_eq!(after(10 * SECOND, 0), Wait(Duration::ZERO));
    assert_eq!(after(11 * SECOND, 0), Stop);
    assert_eq!(after(6 * SECOND, 1 << 63), Wait(4 * SECOND));
    assert_eq!(after(7 * SECOND, 1 << 63), Stop);
    assert_eq!(after(Duration::MAX, u64::MAX), Stop);
}

/// A longer usual wait is not cut by the time that a code demands.
#[test]
fn demanded_waits_can_be_set() {
    let retry = Retry::new()
        .restart_delay(SECOND, 2 * SECOND)
        .overload_delay(Duration::ZERO, Duration::ZERO);
    assert_eq!(range(&retry, &closed(1012)), Some((1000, 3000)));
    assert_eq!(range(&retry, &closed(1013)), USUAL);
    let decided = decide(&Retry::new(), &closed(1012), 20, u64::MAX);
    assert_eq!(decided, Wait(Duration::from_nanos(64_999_999_999)));
}
