//! `Origin` (sections 4.2.2 and 10.2).

use super::*;

/// 10.2: without `Origin` the client is not a page, and every policy lets it pass.
#[test]
fn request_without_origin_passes_every_policy() {
    for policy in [
        OriginPolicy::default(),
        OriginPolicy::same_host(),
        OriginPolicy::list(["https://good.com"]),
        OriginPolicy::list([""; 0]),
        OriginPolicy::any(),
    ] {
        assert_eq!(origin_verdict(&policy, "good.com", &[]), OK, "{policy:?}");
    }
}

/// 4.2.2 item 2, 10.2: by default the host and the port of the page are those of `Host`.
#[test]
fn page_of_the_same_host_passes() {
    for policy in [OriginPolicy::default(), OriginPolicy::same_host()] {
        for (host, origin) in [
            ("good.com", "http://good.com"),
            ("good.com", "https://good.com"),
            ("GOOD.com", "https://good.COM"),
            (" good.com ", "\thttps://good.com "),
            // A default port is the same as none.
            ("good.com", "http://good.com:80"),
            ("good.com", "https://good.com:443"),
            ("good.com:80", "http://good.com"),
            ("good.com:443", "https://good.com"),
            ("good.com:80", "http://good.com:80"),
            ("good.com:443", "https://good.com:443"),
            ("good.com:8080", "http://good.com:8080"),
            ("good.com:8080", "https://good.com:8080"),
            ("localhost:3000", "http://localhost:3000"),
            ("127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("[::1]", "http://[::1]"),
            ("[::1]:80", "http://[::1]"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("[2001:DB8::1]", "https://[2001:db8::1]:443"),
        ] {
            let passed = origin_verdict(&policy, host, &[origin]);
            assert_eq!(passed, OK, "{origin} at {host}");
        }
    }
}

/// 4.2.2 item 2, 10.2: every other page is refused.
#[test]
fn page_of_another_host_is_refused() {
    let policy = OriginPolicy::same_host();
    for (host, origin) in [
        ("good.com", ""),
        ("good.com", "null"),
        ("good.com", "good.com"),
        ("good.com", "//good.com"),
        ("good.com", "https:good.com"),
        ("good.com", "https:/good.com"),
        ("good.com", "https://"),
        ("good.com", "https:///good.com"),
        ("good.com", "https://evil.com"),
        // What starts or ends like it.
        ("good.com", "https://good.com.evil"),
        ("good.com", "https://good.com."),
        ("good.com", "https://good.comevil"),
        ("good.com", "https://good.co"),
        ("good.com", "https://evil-good.com"),
        ("good.com", "https://evilgood.com"),
        ("good.com", "https://www.good.com"),
        ("good.com", "https://.good.com"),
        // What carries it elsewhere.
        ("good.com", "https://good.com@evil"),
        ("good.com", "https://good.com:443@evil"),
        ("good.com", "https://good.com:@evil"),
        ("good.com", "https://evil@good.com"),
        ("good.com", "https://evil/good.com"),
        ("good.com", "https://evil?good.com"),
        ("good.com", "https://evil#good.com"),
        ("good.com", "https://evil\\good.com"),
        ("good.com", "https://evil\\@good.com"),
        // An origin has no path.
        ("good.com", "https://good.com/"),
        ("good.com", "https://good.com/chat"),
        ("good.com", "https://good.com?"),
        ("good.com", "https://good.com#"),
        ("good.com", "https://good.com:443/"),
        // Other ports.
        ("good.com", "http://good.com:443"),
        ("good.com", "https://good.com:80"),
        ("good.com", "http://good.com:8080"),
        ("good.com:80", "https://good.com"),
        ("good.com:443", "http://good.com"),
        ("good.com:8080", "http://good.com"),
        ("good.com:8080", "http://good.com:8081"),
        // No ports.
        ("good.com", "https://good.com:"),
        ("good.com", "https://good.com:x"),
        ("good.com", "https://good.com:+443"),
        ("good.com", "https://good.com:0443"),
        ("good.com", "https://good.com:443:443"),
        ("good.com", "https://good.com:000000443"),
        // Other schemes.
        ("good.com", "ws://good.com"),
        ("good.com", "wss://good.com"),
        ("good.com", "ftp://good.com"),
        ("good.com", "file://good.com"),
        ("good.com", "chrome-extension://good.com"),
        ("good.com", "xhttps://good.com"),
        ("good.com", "httpss://good.com"),
        ("good.com", " x https://good.com"),
        // Addresses.
        ("[::1]", "http://[::2]"),
        ("[::1]", "http://::1"),
        ("::1", "http://::1"),
        ("[::1]:8080", "http://[::1]"),
        ("[::1]", "http://[::1]:8080"),
        ("[::1]", "http://[::1]evil"),
        ("127.0.0.1", "http://localhost"),
        // Several origins in one line.
        ("good.com", "https://good.com https://good.com"),
        ("good.com", "https://good.com https://evil.com"),
        ("good.com", "https://good.com, https://good.com"),
        ("good.com", "https://good.com,https://evil.com"),
        // Bytes beyond ASCII.
        ("good.com", "https://good.com\u{e9}"),
        ("good.com", "https://g\u{f6}\u{f6}d.com"),
        ("good.com", "\u{e9}"),
        // A host of no use, though the origin says the same.
        ("good.com/chat", "https://good.com/chat"),
        ("good.com?", "https://good.com?"),
        ("good.com#", "https://good.com#"),
        ("good.com\\", "https://good.com\\"),
        ("evil@good.com", "https://evil@good.com"),
        ("good.com evil", "https://good.com evil"),
        ("good.com:x", "https://good.com:x"),
        (":443", "https://:443"),
        ("good.com@evil", "https://evil"),
        ("good.com, evil", "https://evil"),
    ] {
        let refused = origin_verdict(&policy, host, &[origin]);
        assert_eq!(refused, Err(Rejection::Origin), "{origin} at {host}");
    }
}

/// RFC 6454, section 7.3: two `Origin` headers say nothing, so no policy lets them pass.
#[test]
fn two_origins_are_refused_by_every_policy() {
    for policy in [
        OriginPolicy::same_host(),
        OriginPolicy::list(["https://good.com"]),
        OriginPolicy::any(),
    ] {
        for second in ["https://good.com", "https://evil.com", ""] {
            for origins in [["https://good.com", second], [second, "https://good.com"]] {
                let refused = origin_verdict(&policy, "good.com", &origins);
                assert_eq!(refused, Err(Rejection::Origin), "{policy:?}, {origins:?}");
            }
        }
    }
}

/// 10.2: a list takes whole origins, whatever the host is.
#[test]
fn listed_origins_pass_and_no_others() {
    let policy = OriginPolicy::list(["https://good.com", "http://localhost:3000", "null"]);
    for host in ["good.com", "api.internal:9000"] {
        for origin in [
            "https://good.com",
            "HTTPS://Good.COM",
            " https://good.com\t",
            "http://localhost:3000",
            "null",
        ] {
            assert_eq!(origin_verdict(&policy, host, &[origin]), OK, "{origin}");
        }
        for origin in [
            "",
            "http://good.com",
            "https://good.com:443",
            "https://good.com/",
            "https://good.com.evil",
            "https://evil-good.com",
            "https://good.com@evil",
            "https://evil",
            "http://localhost",
            "http://localhost:30000",
            "http://api.internal:9000",
            "https://good.com, null",
            "nul",
            "nullx",
            "https://good.com\u{e9}",
        ] {
            let refused = origin_verdict(&policy, host, &[origin]);
            assert_eq!(refused, Err(Rejection::Origin), "{origin}");
        }
    }
    let nothing = OriginPolicy::list([""; 0]);
    for origin in ["", "null", "https://good.com"] {
        let refused = origin_verdict(&nothing, "good.com", &[origin]);
        assert_eq!(refused, Err(Rejection::Origin), "{origin}");
    }
}

/// 10.2: who wants every page gets it, whatever it calls itself.
#[test]
fn any_origin_passes_if_that_is_the_policy() {
    for origin in ["", "null", "https://evil", "no origin", "\u{e9}"] {
        let passed = origin_verdict(&OriginPolicy::any(), "good.com", &[origin]);
        assert_eq!(passed, OK, "{origin}");
    }
}
