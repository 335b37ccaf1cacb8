//! The hosts that a server answers to (section 10.2; DNS rebinding).

use super::*;

const FOREIGN: Result<(), Rejection> = Err(Rejection::ForeignHost);

/// A name that was rebound reaches the server with a `Host` and an `Origin` that agree.
#[test]
fn rebound_name_is_refused_by_a_list_of_hosts() {
    let rebound = ("evil.test:3000", "http://evil.test:3000");
    let verdict = |policy| origin_verdict(&policy, rebound.0, &[rebound.1]);
    assert_eq!(verdict(OriginPolicy::same_host()), OK);
    for policy in [
        OriginPolicy::loopback(),
        OriginPolicy::hosts(["localhost:3000"]),
        OriginPolicy::hosts(["example.com", "*.example.com"]),
        // What is listed beside the hosts, be it the attacker's, changes nothing.
        OriginPolicy::loopback().or(["http://evil.test:*", "null"]),
    ] {
        assert_eq!(verdict(policy.clone()), FOREIGN, "{policy:?}");
        let without_origin = origin_verdict(&policy, rebound.0, &[]);
        assert_eq!(without_origin, FOREIGN, "{policy:?}");
        let sandboxed = origin_verdict(&policy, rebound.0, &["null"]);
        assert_eq!(sandboxed, FOREIGN, "{policy:?}");
    }
    // A list of origins does not look at `Host`, and refuses the page.
    let listed = OriginPolicy::list(["http://localhost:3000"]);
    assert_eq!(verdict(listed), Err(Rejection::Origin));
}

/// 4.2.1 item 2: the host is one of those listed, at any port or at the one listed.
#[test]
fn listed_hosts_pass_and_no_others() {
    let policy = OriginPolicy::hosts([
        "example.com",
        "*.example.com",
        "localhost:3000",
        "secure.org:443",
        "[::1]:8080",
        "192.168.1.10",
        "every.port:*",
    ]);
    for host in [
        "example.com",
        "EXAMPLE.com:8443",
        "example.com.",
        "example.com.:80",
        "example.com:",
        " example.com ",
        "a.example.com",
        "a.b.example.com:9000",
        "localhost:3000",
        "secure.org",
        "secure.org:443",
        "[::1]:8080",
        "[0:0:0:0:0:0:0:1]:8080",
        "192.168.1.10:81",
        "every.port:1",
    ] {
        assert_eq!(origin_verdict(&policy, host, &[]), OK, "{host}");
        let origin = format!("http://{}", host.trim().trim_end_matches(':'));
        let page = origin_verdict(&policy, host, &[&origin]);
        assert_eq!(page, OK, "{origin}");
        for origin in ["http://evil.test", "null", "", "https://example.com:1"] {
            let page = origin_verdict(&policy, host, &[origin]);
            assert_eq!(page, Err(Rejection::Origin), "{origin} at {host}");
        }
    }
    for host in [
        "evil.test",
        "evilexample.com",
        ".example.com",
        "a..example.com",
        "example.com.evil.test",
        "example.com..",
        "example.co",
        "localhost",
        "localhost:3001",
        "localhost:30000",
        "localhost:03000",
        "a.localhost:3000",
        "secure.org:8443",
        "[::1]",
        "[::2]:8080",
        "192.168.1.1",
        "1192.168.1.10",
        "user@example.com",
        "example.com/",
        "evil.test/.example.com",
        "evil.test,.example.com",
        "",
    ] {
        assert_eq!(origin_verdict(&policy, host, &[]), FOREIGN, "{host}");
        let origin = format!("http://{host}");
        let page = origin_verdict(&policy, host, &[&origin]);
        assert_eq!(page, FOREIGN, "{host}");
    }
}

/// The three names of loopback, at every port.
#[test]
fn loopback_is_three_hosts() {
    let policy = OriginPolicy::loopback();
    for (host, verdict) in [
        ("localhost", OK),
        ("LocalHost:3000", OK),
        ("127.0.0.1:65535", OK),
        ("[::1]:3000", OK),
        ("127.0.0.2", FOREIGN),
        ("localhost.evil.test", FOREIGN),
        ("127.0.0.1.evil.test", FOREIGN),
        ("evil.localhost", FOREIGN),
        ("[::ffff:127.0.0.1]", FOREIGN),
        ("0.0.0.0", FOREIGN),
    ] {
        let origin = format!("http://{host}");
        let found = origin_verdict(&policy, host, &[&origin]);
        assert_eq!(found, verdict, "{host}");
    }
}
