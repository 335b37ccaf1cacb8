//! The order of addresses (RFC 8305, section 4).

use super::super::addresses::interleaved;

/// Section 4: families alternate, that of the first address first, each in the order of the lookup.
#[test]
fn families_alternate() {
    for (found, tried) in [
        ("", ""),
        ("4a", "4a"),
        ("6a", "6a"),
        ("4a 6a", "4a 6a"),
        ("6a 4a", "6a 4a"),
        ("4b 4a", "4b 4a"),
        ("4a 4b 6a 6b", "4a 6a 4b 6b"),
        ("6a 6b 6c 4a", "6a 4a 6b 6c"),
        ("6a 4a 4b 4c", "6a 4a 4b 4c"),
        // What comes twice, next to itself or not, takes no turn.
        ("6a 6a 4a 6a 4a", "6a 4a"),
        ("6a 6a 6b 4a 4b", "6a 4a 6b 4b"),
    ] {
        let address = |name: &str| match name.split_at(1) {
            ("4", host) => format!("127.0.0.{}:80", u32::from(host.as_bytes()[0])),
            (_, host) => format!("[::{host}]:80"),
        };
        let all = |names: &str| -> Vec<_> {
            let addresses = names.split_whitespace().map(address);
            addresses
                .map(|text| text.parse().expect("an address"))
                .collect()
        };
        assert_eq!(interleaved(all(found)), all(tried), "{found}");
    }
}
