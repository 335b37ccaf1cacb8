//! What holds for every header.

use super::*;

/// The bytes of a header's value (RFC 9110, section 5.5).
fn value_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => select(b" \t,;=\"\\-:/[]@.".as_slice()),
        4 => 0x21..=0x7e_u8,
        1 => 0x80..=0xff_u8,
    ]
}

fn header_line() -> impl Strategy<Value = (HeaderName, Vec<u8>)> {
    let name = select(vec![
        header::HOST,
        header::UPGRADE,
        header::CONNECTION,
        header::SEC_WEBSOCKET_KEY,
        header::SEC_WEBSOCKET_VERSION,
        header::SEC_WEBSOCKET_PROTOCOL,
        header::SEC_WEBSOCKET_EXTENSIONS,
        header::ORIGIN,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::COOKIE,
    ]);
    (name, vec(value_byte(), 0..40))
}

proptest! {
    #![proptest_config(crate::randomised::cases(1024))]

    /// 4.2.1: no bytes of a header make the check panic, and what passes has its form.
    #[test]
    fn arbitrary_header_bytes_never_panic(
        keeps_sample in any::<bool>(),
        replaces in any::<bool>(),
        lines in vec(header_line(), 0..6),
    ) {
        let mut parts = sample();
        if !keeps_sample {
            parts.headers.clear();
        }
        for (name, value) in lines {
            let value = HeaderValue::from_bytes(&value).unwrap();
            if replaces {
                parts.headers.insert(name, value);
            } else {
                parts.headers.append(name, value);
            }
        }
        is_attempt(parts.version, &parts.headers, None);
        for policy in [
            OriginPolicy::same_host(),
            OriginPolicy::list(["https://good.com", "https://*.good.com:*", "http://[::1]"]),
            OriginPolicy::hosts(["good.com", "*.good.com", "[::1]:80"]),
            OriginPolicy::any(),
        ] {
            let _ = RequestOrigin::of(&parts).check(&policy);
        }
        match Handshake::check(&parts, None) {
            Ok(handshake) => {
                prop_assert_eq!(handshake.accept.map(|accept| accept.len()), Some(28));
                prop_assert!(is_attempt(parts.version, &parts.headers, None));
            }
            Err(rejection) => prop_assert!(rejection.status().is_client_error()),
        }
    }

    /// 9.1: whatever the grammar makes is accepted.
    #[test]
    fn generated_extensions_are_accepted(lines in extension_lines()) {
        let parts = sample_with(&header::SEC_WEBSOCKET_EXTENSIONS, &lines);
        prop_assert_eq!(verdict(&parts), OK, "{:?}", lines);
    }

    /// 9.1: a recogniser that follows the grammar rule by rule comes to the same verdict.
    #[test]
    fn extensions_are_judged_as_by_the_grammar(
        lines in vec(vec(select(ALPHABET.as_slice()), 0..16), 1..3),
    ) {
        assert_judged_as_by_the_grammar(&lines);
    }

    /// 9.1: as above, of strings that are close to well-formed ones.
    #[test]
    fn damaged_extensions_are_judged_as_by_the_grammar(
        mut lines in extension_lines(),
        line in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        byte in select(ALPHABET.as_slice()),
        inserts in any::<bool>(),
    ) {
        let line = line.get_mut(&mut lines);
        let place = place.index(line.len() + 1);
        if inserts || place == line.len() {
            line.insert(place, byte);
        } else {
            line[place] = byte;
        }
        assert_judged_as_by_the_grammar(&lines);
    }

    /// 10.2: of all that is made of such pieces, four origins are those of `good.com`.
    #[test]
    fn only_the_origins_of_the_host_pass(
        pieces in vec(
            select(vec![
                "http", "https", "://", "good.com", "GOOD.com", "evil", ":", ":80", ":443", "@",
                "/", ".", "-", "[", "]", "\\", "?", "#", " ", ",", "%", "null", "\u{e9}",
            ]),
            0..7,
        ),
    ) {
        let origin = pieces.concat();
        let is_same = [
            "http://good.com",
            "http://good.com:80",
            "https://good.com",
            "https://good.com:443",
        ]
        .contains(&origin.trim().replace("GOOD", "good").as_str());
        let verdict = origin_verdict(&OriginPolicy::same_host(), "good.com", &[&origin]);
        prop_assert_eq!(verdict.is_ok(), is_same, "{}", origin);
    }
}

/// 9.1: every string of up to five characters of the small alphabet.
#[test]
fn short_extensions_are_judged_as_by_the_grammar() {
    let mut accepted = 0;
    let mut strings = vec![Vec::new()];
    for _ in 0..5 {
        strings = strings
            .iter()
            .flat_map(|string| ALPHABET.map(|byte| [string.as_slice(), &[byte]].concat()))
            .collect();
        for string in &strings {
            accepted += usize::from(assert_judged_as_by_the_grammar(std::slice::from_ref(
                string,
            )));
        }
    }
    // Both verdicts occur.
    assert!(accepted > 100, "{accepted}");
}

const ALPHABET: [u8; 9] = *b"a;=,\"\\ \t\xe9";

fn assert_judged_as_by_the_grammar(lines: &[Vec<u8>]) -> bool {
    let parts = sample_with(&header::SEC_WEBSOCKET_EXTENSIONS, lines);
    let expected = if grammar::is_extension_list(lines) {
        OK
    } else {
        Err(Rejection::Extensions)
    };
    let shown: Vec<_> = lines
        .iter()
        .map(|line| line.escape_ascii().to_string())
        .collect();
    assert_eq!(verdict(&parts), expected, "{shown:?}");
    expected.is_ok()
}

/// Lines that the grammar of 9.1 makes, with at least one extension.
fn extension_lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    fn token() -> impl Strategy<Value = String> {
        let chars: Vec<_> = "!#$%&'*+-.^_`|~0189abyzABYZ".chars().collect();
        vec(select(chars), 1..5).prop_map(String::from_iter)
    }
    fn ows() -> impl Strategy<Value = &'static str> {
        select(vec!["", "", " ", "\t", " \t "])
    }
    let quoted = (token(), any::<u8>()).prop_map(|(token, escaped)| {
        let pairs = token.char_indices().map(|(i, c)| match escaped >> i & 1 {
            0 => String::from(c),
            _ => format!("\\{c}"),
        });
        format!("\"{}\"", pairs.collect::<String>())
    });
    let value = prop_oneof![token(), quoted];
    let param = (
        ows(),
        token(),
        prop::option::of((ows(), ows(), value)),
        ows(),
    )
        .prop_map(|(before, name, value, after)| {
            let value = value.map(|(left, right, value)| format!("{left}={right}{value}"));
            format!(";{before}{name}{}{after}", value.unwrap_or_default())
        });
    let extension = (ows(), token(), ows(), vec(param, 0..4))
        .prop_map(|(before, name, after, params)| {
            format!("{before}{name}{after}{}", params.concat())
        })
        .boxed();
    let element = prop_oneof![1 => ows().prop_map(String::from), 3 => extension.clone()];
    let elements = vec(element.boxed(), 0..4);
    (
        vec(elements.clone(), 0..2),
        (elements, extension),
        any::<bool>(),
    )
        .prop_map(|(mut lines, (mut last, extension), is_first)| {
            last.push(extension);
            lines.push(last);
            if is_first {
                lines.reverse();
            }
            lines
                .iter()
                .map(|line| line.join(",").into_bytes())
                .collect()
        })
}

/// The grammar of 9.1, rule by rule: each returns every place where it can end.
mod grammar {
    use std::collections::BTreeSet;

    type Ends = BTreeSet<usize>;

    /// RFC 9110, section 5.3: several lines are one, joined by commas.
    pub(super) fn is_extension_list(lines: &[Vec<u8>]) -> bool {
        let text = lines.join(b", ".as_slice());
        let blank = |from: &Ends| every(from, |at| comma(&text, at));
        // RFC 9110, section 5.6.1.2: [ element ] *( OWS "," OWS [ element ] ), with one element.
        let mut empty = ows(&text, 0);
        let mut filled = Ends::new();
        loop {
            let before = (empty.len(), filled.len());
            filled.extend(every(&empty, |at| extension(&text, at)));
            filled.extend(every(&blank(&filled), |at| extension(&text, at)));
            filled.extend(blank(&filled));
            empty.extend(blank(&empty));
            if before == (empty.len(), filled.len()) {
                let ends = every(&filled, |at| ows(&text, at));
                return ends.contains(&text.len());
            }
        }
    }

    fn every(starts: &Ends, rule: impl Fn(usize) -> Ends) -> Ends {
        starts.iter().flat_map(|&at| rule(at)).collect()
    }

    fn comma(text: &[u8], at: usize) -> Ends {
        let commas = every(&ows(text, at), |at| literal(text, at, b','));
        every(&commas, |at| ows(text, at))
    }

    fn extension(text: &[u8], at: usize) -> Ends {
        let mut ends = token(text, at);
        loop {
            let before = ends.len();
            ends.extend(every(&ends, |at| param(text, at)));
            if before == ends.len() {
                return ends;
            }
        }
    }

    fn param(text: &[u8], at: usize) -> Ends {
        let starts = separated(text, at, b';');
        let mut ends = every(&starts, |at| token(text, at));
        let values = every(&ends, |at| separated(text, at, b'='));
        ends.extend(every(&values, |at| token(text, at)));
        ends.extend(every(&values, |at| quoted_token(text, at)));
        ends
    }

    /// A separator and the white space around it.
    fn separated(text: &[u8], at: usize, separator: u8) -> Ends {
        let separators = every(&ows(text, at), |at| literal(text, at, separator));
        every(&separators, |at| ows(text, at))
    }

    fn quoted_token(text: &[u8], at: usize) -> Ends {
        let mut ends = Ends::new();
        let mut value = Vec::new();
        let mut rest = text[at..].iter();
        if rest.next() != Some(&b'"') {
            return ends;
        }
        while let Some(&byte) = rest.next() {
            match byte {
                b'"' => {
                    if token(&value, 0).contains(&value.len()) {
                        ends.insert(text.len() - rest.len());
                    }
                    break;
                }
                b'\\' => match rest.next() {
                    Some(&byte) => value.push(byte),
                    None => break,
                },
                byte => value.push(byte),
            }
        }
        ends
    }

    fn token(text: &[u8], at: usize) -> Ends {
        let separators = b"()<>@,;:\\\"/[]?={} \t";
        let is_tchar = |&byte: &u8| byte.is_ascii() && byte > 0x1f && byte != 0x7f;
        let len = text[at..]
            .iter()
            .take_while(|&byte| is_tchar(byte) && !separators.contains(byte))
            .count();
        (1..=len).map(|len| at + len).collect()
    }

    fn ows(text: &[u8], at: usize) -> Ends {
        let len = text[at..]
            .iter()
            .take_while(|&byte| b" \t".contains(byte))
            .count();
        (0..=len).map(|len| at + len).collect()
    }

    fn literal(text: &[u8], at: usize, byte: u8) -> Ends {
        (text.get(at) == Some(&byte))
            .then_some(at + 1)
            .into_iter()
            .collect()
    }
}
