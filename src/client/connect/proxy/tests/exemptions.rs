//! `NO_PROXY`, by the rules of curl.

use super::super::exemptions::Exemptions;

#[test]
fn list_exempts_hosts() {
    for (list, host, is_exempt) in [
        ("", "h", false),
        (" , ,", "h", false),
        ("*", "h", true),
        ("*", "10.0.0.1", true),
        ("a,*", "h", true),
        ("*", "::1", true),
        // Names, and all below them.
        ("example.com", "example.com", true),
        ("example.com", "EXAMPLE.com.", true),
        ("Example.COM.", "example.com", true),
        ("example.com", "www.example.com", true),
        ("example.com", "badexample.com", false),
        ("example.com", "example.com.evil", false),
        ("example.com", "com", false),
        (".example.com", "example.com", true),
        (".example.com", "a.b.example.com", true),
        ("*.example.com", "www.example.com", true),
        (".", "h", false),
        ("localhost", "localhost", true),
        ("a, b\tc d", "b", true),
        ("a, b\tc d", "c", true),
        ("a, b\tc d", "d", true),
        ("a, b\tc d", "e", false),
        // Addresses are no names.
        ("0.0.1", "10.0.0.1", false),
        ("10.0.0.1", "10.0.0.1", true),
        ("10.0.0.1", "10.0.0.10", false),
        ("10.0.0.1", "a.10.0.0.1.example", false),
        ("::1", "::1", true),
        ("[::1]", "::1", true),
        ("0:0:0:0:0:0:0:1", "::1", true),
        ("::1", "::2", false),
        // Blocks.
        ("10.0.0.0/8", "10.255.3.4", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("10.9.9.9/8", "10.0.0.1", true),
        ("192.168.4.0/22", "192.168.7.255", true),
        ("192.168.4.0/22", "192.168.8.0", false),
        ("10.0.0.1/32", "10.0.0.1", true),
        ("10.0.0.1/32", "10.0.0.0", false),
        ("0.0.0.0/0", "1.2.3.4", true),
        ("0.0.0.0/0", "::1", false),
        ("fe80::/10", "fe80::1", true),
        ("fe80::/10", "fec0::1", false),
        ("2001:db8::/32", "2001:db8:1::1", true),
        ("::/0", "1.2.3.4", false),
        // What is malformed exempts nothing.
        ("10.0.0.0/x", "10.0.0.0", false),
        ("10.0.0.0/", "10.0.0.1", false),
        ("/8", "10.0.0.1", false),
        // Ports.
        ("h:81", "h", false),
        ("h:80", "h", true),
        ("h:80", "sub.h", true),
        ("h:81 h:80", "h", true),
        ("*:80", "x", true),
        ("10.0.0.1:80", "10.0.0.1", true),
        ("10.0.0.1:443", "10.0.0.1", false),
        ("[::1]:80", "::1", true),
        ("[::1]:81", "::1", false),
        ("10.0.0.0/8:80", "10.1.1.1", true),
    ] {
        let exemptions = Exemptions::parse(list);
        assert_eq!(exemptions.contain(host, 80), is_exempt, "{list:?} {host}");
    }
}
