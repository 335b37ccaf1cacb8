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
            ("[::]:80", "http://[::]"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("[2001:DB8::1]", "https://[2001:db8::1]:443"),
            ("[0:0:0:0:0:0:0:1]", "https://[::1]"),
            // The same, said the same way.
            ("good.com.", "https://good.com."),
            ("good.com.:8080", "http://Good.com.:8080"),
        ] {
            let passed = origin_verdict(&policy, host, &[origin]);
            assert_eq!(passed, OK, "{origin} at {host}");
        }
    }
}

/// 4.2.2 item 2, 10.2: every other page is refused.
#[test]
fn abuse_19_page_of_another_host_is_refused() {
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
        OriginPolicy::hosts(["good.com"]),
        OriginPolicy::predicate(|_| true),
        OriginPolicy::any(),
    ] {
        for second in ["https://good.com", "https://evil.com", ""] {
            for origins in [["https://good.com", second], [second, "https://good.com"]] {
                let refused = origin_verdict(&policy, "good.com", &origins);
                let repeated = Err(Rejection::OriginRepeated);
                assert_eq!(refused, repeated, "{policy:?}, {origins:?}");
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
            // A browser leaves a default port out; who does not means the same.
            "https://good.com:443",
            // The same name in DNS.
            "https://good.com.",
        ] {
            assert_eq!(origin_verdict(&policy, host, &[origin]), OK, "{origin}");
        }
        for origin in [
            "",
            "http://good.com",
            "https://good.com:80",
            "https://good.com:0443",
            "https://good.com:",
            "https://good.com..",
            "https://good.com/",
            "https://good.com.evil",
            "https://www.good.com",
            "wss://good.com",
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

/// 10.2: `*.` stands for one label or more, and for nothing else.
#[test]
fn wildcard_stands_for_subdomains() {
    let policy = OriginPolicy::list(["https://*.good.com", "http://*.localhost:*"]);
    for origin in [
        "https://a.good.com",
        "https://a.b.good.com",
        "https://A.Good.COM:443",
        "https://a.good.com.",
        "https://xn--bcher-kva.good.com",
        "https://a_b-c.good.com",
        "http://a.localhost",
        "http://a.localhost:3000",
    ] {
        assert_eq!(origin_verdict(&policy, "other", &[origin]), OK, "{origin}");
    }
    for origin in [
        "https://good.com",
        "https://.good.com",
        "https://..good.com",
        "https://a..good.com",
        "https://evilgood.com",
        "https://evil-good.com",
        "https://a.good.com:8443",
        "http://a.good.com",
        "https://a.good.com.evil",
        "https://a.good.com..",
        "https://a.good.community",
        "https://evil.com/.good.com",
        "https://evil.com#.good.com",
        "https://evil.com,.good.com",
        "https://evil.com%2f.good.com",
        "https://evil.com\\.good.com",
        "https://evil@a.good.com",
        "https://[::1].good.com",
        "https://*.good.com",
        "https://\u{e9}.good.com",
        "http://localhost",
        "https://a.localhost",
    ] {
        let refused = origin_verdict(&policy, "other", &[origin]);
        assert_eq!(refused, Err(Rejection::Origin), "{origin}");
    }
}

/// 10.2: what is listed beside a policy passes, too.
#[test]
fn listed_origins_pass_beside_a_policy() {
    let same_host = OriginPolicy::same_host();
    let same_host = same_host.or(["https://app.com"]).or(["http://*.dev:*"]);
    let nobody = OriginPolicy::predicate(|_| false).or(["https://app.com"]);
    let hosts = OriginPolicy::hosts(["good.com"]).or(["https://app.com"]);
    let rows = [
        (&same_host, "https://good.com", OK),
        (&same_host, "https://app.com", OK),
        (&same_host, "http://a.dev:1234", OK),
        (&same_host, "https://evil.com", Err(Rejection::Origin)),
        (&nobody, "https://good.com", Err(Rejection::Origin)),
        (&nobody, "https://app.com", OK),
        (&hosts, "https://good.com", OK),
        (&hosts, "https://app.com", OK),
        (&hosts, "https://evil.com", Err(Rejection::Origin)),
    ];
    for (policy, origin, verdict) in rows {
        let found = origin_verdict(policy, "good.com", &[origin]);
        assert_eq!(found, verdict, "{policy:?} {origin}");
    }
    let elsewhere = origin_verdict(&hosts, "evil.com", &["https://app.com"]);
    assert_eq!(elsewhere, Err(Rejection::ForeignHost));
}

/// 10.2: a predicate sees the request, and is asked about pages only.
#[test]
fn predicate_decides_by_the_request() {
    let policy = OriginPolicy::predicate(|page| {
        assert_eq!(page.uri.path(), "/chat");
        let host = page.headers.get("x-forwarded-host");
        host.is_some_and(|host| page.is_of(host.to_str().unwrap()))
            && page.host == "internal:9000"
            && page.origin == "https://good.com:8443"
    });
    let mut parts = sample_with(&header::HOST, &["internal:9000"]);
    let mut judge = |name: &'static str, value: &str| {
        parts.headers.insert(name, value.parse().unwrap());
        RequestOrigin::of(&parts).check(&policy.clone())
    };
    assert_eq!(judge("x-forwarded-host", "good.com:8443"), OK);
    let origin = judge("origin", " https://good.com:8443 ");
    assert_eq!(origin, OK);
    for (name, value) in [
        ("x-forwarded-host", "good.com"),
        ("x-forwarded-host", "evil.com:8443"),
        ("x-forwarded-host", "good.com:8443, evil.com"),
    ] {
        assert_eq!(judge(name, value), Err(Rejection::Origin), "{value}");
    }
    assert_eq!(judge("x-forwarded-host", "good.com:8443"), OK);
    assert_eq!(judge("origin", "https://evil.com"), Err(Rejection::Origin));
}

/// A predicate that panics refuses, and is asked again the next time.
#[test]
fn predicate_that_panics_refuses() {
    let policy = OriginPolicy::predicate(|page| {
        assert_ne!(page.origin, "https://evil.com", "panics");
        true
    });
    for _ in 0..2 {
        let refused = origin_verdict(&policy, "good.com", &["https://evil.com"]);
        assert_eq!(refused, Err(Rejection::Origin));
        let passed = origin_verdict(&policy, "good.com", &["https://other.com"]);
        assert_eq!(passed, OK);
    }
    // No browser sends this.
    let mut parts = sample();
    let bytes = HeaderValue::from_bytes(b"https://\xff").unwrap();
    parts.headers.insert(header::ORIGIN, bytes);
    let verdict = RequestOrigin::of(&parts).check(&OriginPolicy::predicate(|_| true));
    assert_eq!(verdict, Err(Rejection::Origin));
}

/// RFC 9112, section 3.2.2: a target in absolute form tells the host, and not `Host`.
#[test]
fn target_in_absolute_form_is_the_host() {
    let mut parts = sample_with(&header::HOST, &["evil.com"]);
    parts.uri = "http://good.com:8080/chat".parse().unwrap();
    let origins = [
        ("http://good.com:8080", OK),
        ("http://evil.com", Err(Rejection::Origin)),
    ];
    for (origin, verdict) in origins {
        parts
            .headers
            .insert(header::ORIGIN, origin.parse().unwrap());
        let same_host = OriginPolicy::same_host();
        assert_eq!(RequestOrigin::of(&parts).check(&same_host), verdict);
    }
    let [good, evil] = ["good.com", "evil.com"].map(|host| OriginPolicy::hosts([host]));
    parts.headers.remove(header::ORIGIN);
    assert_eq!(RequestOrigin::of(&parts).check(&good), OK);
    let foreign = RequestOrigin::of(&parts).check(&evil);
    assert_eq!(foreign, Err(Rejection::ForeignHost));
}

/// 10.2: who wants every page gets it, whatever it calls itself.
#[test]
fn any_origin_passes_if_that_is_the_policy() {
    for origin in ["", "null", "https://evil", "no origin", "\u{e9}"] {
        let passed = origin_verdict(&OriginPolicy::any(), "good.com", &[origin]);
        assert_eq!(passed, OK, "{origin}");
    }
}
