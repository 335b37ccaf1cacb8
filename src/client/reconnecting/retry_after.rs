//! The header `Retry-After` (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};

/// How long the server asks to wait; `None` if it does not, or in no way that is defined. Zero
/// for a date that has passed.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let values = headers.get_all(header::RETRY_AFTER);
    values.iter().find_map(|value| decode(value, now))
}

fn decode(value: &HeaderValue, now: SystemTime) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    // delay-seconds = 1*DIGIT
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than there are numbers are more than anybody waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9110 10.2.3: seconds, or a date in any of the three forms; anything else is no time.
    #[test]
    fn time_is_in_seconds_or_a_date() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let now = date - Duration::from_secs(90);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let rows = [
            ("0", seconds(0)),
            ("120", seconds(120)),
            ("007", seconds(7)),
            (" 5 ", seconds(5)),
            ("99999999999999999999999999", seconds(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", seconds(90)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", seconds(90)),
            ("Sun Nov  6 08:49:37 1994", seconds(90)),
            ("Sun, 06 Nov 1994 08:40:00 GMT", seconds(0)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1 2", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 25:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37 +0100", None),
        ];
        for (text, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(text));
            assert_eq!(retry_after(&headers, now), expected, "{text:?}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers, now), None);
        headers.append(header::RETRY_AFTER, HeaderValue::from_static("soon"));
        headers.append(header::RETRY_AFTER, HeaderValue::from_static("3"));
        assert_eq!(retry_after(&headers, now), seconds(3));
        let odd = HeaderValue::from_bytes(b"\xFF").expect("a value");
        headers.insert(header::RETRY_AFTER, odd);
        assert_eq!(retry_after(&headers, now), None);
    }
}
