//! What may be listed in an `OriginPolicy`, and what it then matches.

use super::{super::InvalidOrigin, *};

/// The message for an entry that is refused.
fn refusal(policy: Result<OriginPolicy, InvalidOrigin>, entry: &str) -> String {
    let invalid = policy.expect_err(entry);
    assert_eq!(invalid.entry(), entry);
    let message = invalid.to_string();
    let start = format!("invalid entry {entry:?} of an OriginPolicy: ");
    let problem = message.strip_prefix(&start);
    problem.unwrap_or_else(|| panic!("{message}")).to_owned()
}

/// What an entry is normalised to is what a browser sends.
#[test]
fn origin_is_normalised() {
    for (entry, origin) in [
        ("https://e.com", "https://e.com"),
        ("https://e.com/", "https://e.com"),
        ("https://e.com:443", "https://e.com"),
        ("https://e.com:443/", "https://e.com"),
        ("https://e.com:0443", "https://e.com"),
        ("https://e.com:", "https://e.com"),
        ("https://e.com.", "https://e.com"),
        ("HTTPS://E.com", "https://e.com"),
        ("  https://e.com\t\n", "https://e.com"),
        ("wss://e.com", "https://e.com"),
        ("wss://e.com:443/", "https://e.com"),
        ("http://e.com:80", "http://e.com"),
        ("ws://e.com", "http://e.com"),
        ("ws://e.com:3000", "http://e.com:3000"),
        ("https://e.com:80", "https://e.com:80"),
        ("http://e.com:443", "http://e.com:443"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("https://[2001:DB8::1]:443", "https://[2001:db8::1]"),
        (
            "https://xn--bcher-kva.example",
            "https://xn--bcher-kva.example",
        ),
        ("https://a_b.example", "https://a_b.example"),
        ("http://localhost:*", "http://localhost:1"),
        ("https://*.e.com", "https://a.e.com"),
        ("https://*.e.com:8443", "https://a.b.e.com:8443"),
        ("null", "null"),
        ("NULL", "null"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
        (
            "chrome-extension://abcdefgh/",
            "chrome-extension://abcdefgh",
        ),
        ("tauri://localhost", "tauri://localhost"),
        ("tauri://localhost:/", "tauri://localhost"),
        ("capacitor://localhost:80", "capacitor://localhost:80"),
        ("file://", "file://"),
        ("file:///", "file://"),
    ] {
        let entries = OriginPolicy::try_list([entry]).unwrap();
        let beside = OriginPolicy::same_host().try_or([entry]).unwrap();
        for policy in [entries, beside] {
            assert_eq!(origin_verdict(&policy, "h", &[origin]), OK, "{entry}");
            let scheme = origin_verdict(&policy, "h", &["https://evil.test"]);
            assert_eq!(scheme, Err(Rejection::Origin), "{entry}");
        }
    }
}

/// What could match nothing is refused, and told what to write.
#[test]
fn entry_that_is_no_origin_is_refused() {
    for (entry, problem) in [
        ("", "scheme://host"),
        (" ", "scheme://host"),
        ("*", "OriginPolicy::any()"),
        ("e.com", "write \"https://e.com\""),
        ("e.com:443", "write \"https://e.com:443\""),
        ("localhost", "write \"https://localhost\""),
        ("*.e.com", "write \"https://*.e.com\""),
        ("[::1]", "write \"https://[::1]\""),
        ("//e.com", "scheme://host"),
        ("https:e.com", "scheme://host"),
        ("https:/e.com", "scheme://host"),
        ("a,b", "scheme://host"),
        ("https://a.com,https://b.com", "commas"),
        ("https://a.com https://b.com", "commas"),
        ("https://a.com, b.com", "commas"),
        ("https://", "no host"),
        ("https:////", "path"),
        ("https:///", "no host"),
        ("https://:443", "no host"),
        ("https://.", "no host"),
        ("https://e.com/chat", "path"),
        ("https://e.com//", "path"),
        ("https://e.com?x", "path"),
        ("https://e.com#x", "path"),
        ("https://e.com\\x", "path"),
        ("https://user@e.com", "user"),
        ("https://e..com", "no name"),
        ("https://.e.com", "no name"),
        ("https://e.com..", "no name"),
        ("https://e%2ecom", "no name"),
        ("https://e!.com", "no name"),
        ("https://b\u{fc}cher.example", "xn--"),
        ("https://*", "wildcard"),
        ("https://*.", "wildcard"),
        ("https://*e.com", "wildcard"),
        ("https://*.*.com", "wildcard"),
        ("https://a.*.com", "wildcard"),
        ("https://e.*", "wildcard"),
        ("https://*.127.0.0.1", "IPv4"),
        ("https://127.1", "IPv4"),
        ("https://0x7f.0x1", "IPv4"),
        ("https://2130706433", "IPv4"),
        ("https://1.2.3.256", "IPv4"),
        ("https://::1", "brackets"),
        ("https://[::1", "IPv6"),
        ("https://[::g]", "IPv6"),
        ("https://*.[::1]", "brackets"),
        ("https://e.com:x", "port"),
        ("https://e.com:+443", "port"),
        ("https://e.com:0", "port"),
        ("https://e.com:65536", "port"),
        ("https://e.com:443:443", "brackets"),
        ("https://[::1]443", "port"),
        ("htps://e.com", "\"https\" meant"),
        ("httpss://e.com", "\"https\" meant"),
        ("htt://e.com", "\"https\" meant"),
        ("wsss://e.com", "\"https\" meant"),
        ("data://e.com", "\"https\" meant"),
        ("ftp://e.com", "\"https\" meant"),
        ("a b://e.com", "no scheme"),
        ("blob:https://e.com", "no scheme"),
        ("chrome-extension://", "scheme://host"),
        ("chrome-extension://*", "wildcard"),
        ("chrome-extension://a/b", "scheme://host"),
        ("tauri://a,b", "scheme://host"),
    ] {
        for found in [
            refusal(OriginPolicy::try_list([entry]), entry),
            refusal(OriginPolicy::try_list(["https://e.com", entry]), entry),
            refusal(OriginPolicy::same_host().try_or([entry]), entry),
        ] {
            assert!(found.contains(problem), "{entry:?}: {found}");
        }
    }
}

/// As above, of hosts.
#[test]
fn entry_that_is_no_host_is_refused() {
    for (entry, problem) in [
        ("", "no host"),
        ("*", "OriginPolicy::same_host()"),
        ("https://e.com", "write \"e.com\""),
        ("https://e.com:8080/x", "write \"e.com:8080\""),
        ("a,b", "commas"),
        ("a b", "commas"),
        ("e.com/x", "path"),
        ("user@e.com", "user"),
        (":80", "no host"),
        ("e.com:x", "port"),
        ("e.com:99999", "port"),
        ("::1", "brackets"),
        ("b\u{fc}cher.example", "xn--"),
        ("*e.com", "wildcard"),
        ("e.*.com", "wildcard"),
        ("*.1.2.3.4", "IPv4"),
        ("127.1", "IPv4"),
    ] {
        let found = refusal(OriginPolicy::try_hosts([entry]), entry);
        assert!(found.contains(problem), "{entry:?}: {found}");
    }
    let none = OriginPolicy::try_hosts([""; 0]).unwrap_err();
    assert!(none.to_string().contains("no host is listed"));
}

#[test]
fn host_is_normalised() {
    for (entry, host) in [
        ("E.com", "e.com"),
        ("e.com/", "e.com"),
        ("e.com.", "e.com"),
        (" e.com ", "e.com"),
        ("e.com:080", "e.com:80"),
        ("e.com:*", "e.com:1234"),
        ("[0:0::1]", "[::1]"),
    ] {
        let policy = OriginPolicy::try_hosts([entry]).unwrap();
        assert_eq!(origin_verdict(&policy, host, &[]), OK, "{entry}");
        let foreign = origin_verdict(&policy, "evil.test", &[]);
        assert_eq!(foreign, Err(Rejection::ForeignHost));
    }
}

/// Literals and configuration, of every type of string.
#[test]
fn entries_may_be_any_strings() {
    let owned = vec![String::from("https://e.com")];
    for policy in [
        OriginPolicy::list(["https://e.com"]),
        OriginPolicy::list(&owned),
        OriginPolicy::list(owned.iter().map(String::as_str)),
        OriginPolicy::list(owned.clone()),
        OriginPolicy::list([std::borrow::Cow::Borrowed("https://e.com")]),
    ] {
        assert_eq!(origin_verdict(&policy, "h", &["https://e.com"]), OK);
    }
}

#[test]
#[should_panic(expected = "invalid entry \"e.com\" of an OriginPolicy: an origin has a scheme")]
fn list_panics_with_the_problem() {
    OriginPolicy::list(["e.com"]);
}

#[test]
#[should_panic(expected = "write \"e.com\"")]
fn hosts_panics_with_the_problem() {
    OriginPolicy::hosts(["https://e.com"]);
}

#[test]
#[should_panic(expected = "OriginPolicy::any()")]
fn or_panics_with_the_problem() {
    let _ = OriginPolicy::same_host().or(["*"]);
}

proptest! {
    #![proptest_config(crate::randomised::cases(4096))]

    /// An entry is refused, or what it says of itself passes: nothing is taken that matches nothing.
    #[test]
    fn what_is_taken_matches_something(
        pieces in vec(
            select(vec![
                "http", "https", "wss", "tauri", "file", "://", ":", "/", "//", "e.com", "E.com",
                "*", "*.", ".", "a", ":80", ":443", ":65536", "@", ",", " ", "[::1]", "127.0.0.1",
                "127", "null", "%", "\u{fc}", "?", "-",
            ]),
            0..6,
        ),
    ) {
        let entry = pieces.concat();
        if let Ok(policy) = OriginPolicy::try_list([&entry]) {
            let origin = entry.trim().to_ascii_lowercase();
            let origin = match origin.strip_suffix('/') {
                Some(origin) if !origin.ends_with(":/") => origin,
                _ => &origin,
            };
            let origin = origin.strip_suffix(":*").unwrap_or(origin);
            let origin = origin.strip_suffix(':').unwrap_or(origin);
            let origin = match origin.strip_prefix("wss://") {
                Some(host) => format!("https://{host}"),
                None => origin.to_owned(),
            };
            let origin = origin.replace("*.", "x.");
            let verdict = origin_verdict(&policy, "h", &[&origin]);
            prop_assert_eq!(verdict, OK, "{:?} as {:?}", entry, origin);
        }
        if let Ok(policy) = OriginPolicy::try_hosts([&entry]) {
            let host = entry.trim().to_ascii_lowercase().replace("*.", "x.");
            let host = host.strip_suffix('/').unwrap_or(&host);
            let host = host.strip_suffix(":*").unwrap_or(host);
            prop_assert_eq!(origin_verdict(&policy, host, &[]), OK, "{:?} as {:?}", entry, host);
        }
    }
}
