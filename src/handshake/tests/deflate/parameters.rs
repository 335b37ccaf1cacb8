//! Names and values out of the grammar (RFC 6455, section 9.1).

use super::*;
use crate::wire::fields::{extension, parameter::Extension};

/// Each extension, its parameters and their values, unescaped.
fn parsed(lines: &[&str]) -> Vec<String> {
    let parts = sample_with(&header::SEC_WEBSOCKET_EXTENSIONS, lines);
    let elements = extension::elements(&parts.headers).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    elements
        .map(|element| {
            let extension = Extension::of(element);
            let params = extension.params().map(|param| {
                let value = param.value.map(|value| value.bytes().collect::<Vec<_>>());
                let value = value.map(|value| format!("={}", text(&value)));
                format!(";{}{}", text(param.name), value.unwrap_or_default())
            });
            format!("{}{}", text(extension.name), params.collect::<String>())
        })
        .collect()
}

/// 9.1: several lines are one list, in order; quoted values equal the token form.
#[test]
fn extensions_are_taken_apart() {
    let rows: [(&[&str], &[&str]); 12] = [
        (&[], &[]),
        (&["foo"], &["foo"]),
        (&["foo, bar; baz=2"], &["foo", "bar;baz=2"]),
        (&["foo", "bar; baz=2"], &["foo", "bar;baz=2"]),
        (&["", "a", ", ,", "b,,c"], &["a", "b", "c"]),
        (&["a;b;c=d;e"], &["a;b;c=d;e"]),
        (
            &["\t a \t;\t b \t=\t c \t;\td \t,\t e\t "],
            &["a;b=c;d", "e"],
        ),
        (&["a; b=\"c\""], &["a;b=c"]),
        (&["a; b=\"c\" ; d , e"], &["a;b=c;d", "e"]),
        (&["a; b=\"\\c\\d\"; e=\"f\\g\""], &["a;b=cd;e=fg"]),
        (&["a; b=\"c\",d; e"], &["a;b=c", "d;e"]),
        (&["a; a=1; a=2; a", "a"], &["a;a=1;a=2;a", "a"]),
    ];
    for (lines, expected) in rows {
        assert_eq!(parsed(lines), expected, "{lines:?}");
    }
}
