//! `Sec-WebSocket-Extensions` (section 9.1).

use super::*;

/// 9.1: extensions that we do not know are ignored, so every well-formed list is accepted.
#[test]
fn well_formed_extensions_are_accepted() {
    let accepted: &[&[&str]] = &[
        &[],
        &["foo"],
        &["permessage-deflate"],
        &["permessage-deflate; client_max_window_bits"],
        &["permessage-deflate; server_max_window_bits=10"],
        &["permessage-deflate; server_max_window_bits=\"10\""],
        &["permessage-deflate;a;b=c;d=\"e\", permessage-deflate"],
        // The examples of 9.1.
        &["foo", "bar; baz=2"],
        &["foo, bar; baz=2"],
        &["deflate-stream"],
        &["mux; max-channels=4; flow-control, deflate-stream"],
        &["private-extension"],
        // White space wherever tokens meet.
        &["\t foo \t;\t bar \t=\t baz \t,\t qux \t"],
        &["foo ; bar = \"baz\" ; qux , x"],
        // RFC 9110, section 5.6.1: empty elements are ignored.
        &[",foo"],
        &["foo,"],
        &["foo,,bar"],
        &[", \t,foo, ,"],
        &["", "foo"],
        &["foo", ",,"],
        // The same twice, in one list and in one extension.
        &["foo, foo"],
        &["foo; a; a=1; a=2"],
        // Every character of a token.
        &["!#$%&'*+-.^_`|~09azAZ; !#$%&'*+-.^_`|~09azAZ=!#$%&'*+-.^_`|~09azAZ"],
        &["x; y=\"!#$%&'*+-.^_`|~09azAZ\""],
        // Quoted pairs, one, many, all.
        &["x; y=\"\\a\""],
        &["x; y=\"a\\b\""],
        &["x; y=\"\\a\\b\\c\""],
        &["x; y=\"\\1\\0\""],
        // Names that have crashed others.
        &["constructor"],
        &["__proto__; constructor=hasOwnProperty"],
    ];
    assert_each(&header::SEC_WEBSOCKET_EXTENSIONS, accepted, OK);
}

/// 9.1: a malformed list fails the handshake, also of extensions that we do not know.
#[test]
fn malformed_extensions_are_refused() {
    let refused = [
        // No extension.
        "",
        " \t",
        ",",
        " , \t,,",
        // Semicolons without a parameter, or without an extension.
        ";",
        "foo;",
        "foo; ",
        "foo;;",
        "foo;;a",
        "foo; ;a",
        "foo;a;",
        ";a",
        ", ;a",
        "foo;,bar",
        "foo;a;,bar",
        // Equals signs without a name, or without a value.
        "=",
        "foo=bar",
        "foo; =",
        "foo; =b",
        "foo; a=",
        "foo; a= ",
        "foo; a=;b",
        "foo; a=,bar",
        "foo; a==b",
        "foo; a=b=c",
        "foo; a=b\"c\"",
        // Two words where one belongs.
        "foo bar",
        "foo\tbar",
        "foo; a b",
        "foo; a=b c",
        "foo; a=\"b\" c",
        "foo; a \"b\"",
        "foo, bar baz",
        // Characters that no token has.
        "foo/1",
        "(foo)",
        "foo; a=(b)",
        "foo; a=b@c",
        "foo; a=[b]",
        "foo; a={b}",
        "foo; a=<b>",
        "foo; a=b:c",
        "foo; a=b?",
        "foo; a=\\b",
        "foo; \\a=b",
        "\\foo",
    ];
    let name = &header::SEC_WEBSOCKET_EXTENSIONS;
    assert_each_line(name, &refused, Err(Rejection::Extensions));
    let refused: &[&[&str]] = &[
        &["", ""],
        &[",", " "],
        &["foo", "bar;"],
        &["foo;", "a"],
        &["foo; a", "=b"],
    ];
    assert_each(name, refused, Err(Rejection::Extensions));
}

/// 9.1: a value in quotes, once it is unescaped, is a token; quotes stand nowhere else.
#[test]
fn malformed_quotes_are_refused() {
    let refused = [
        // Quotes where a token belongs.
        "\"foo\"",
        "foo; \"a\"",
        "foo; \"a\"=b",
        "foo, \"bar\"",
        // Quoted values that are no token once they are unescaped.
        "foo; a=\"\"",
        "foo; a=\" \"",
        "foo; a=\"b c\"",
        "foo; a=\"b\tc\"",
        "foo; a=\"b,c\"",
        "foo; a=\"b;c\"",
        "foo; a=\"b=c\"",
        "foo; a=\"b/c\"",
        "foo; a=\" b\"",
        "foo; a=\"b \"",
        "foo; a=\"\\ \"",
        "foo; a=\"\\\t\"",
        "foo; a=\"\\,\"",
        "foo; a=\"\\\"\"",
        "foo; a=\"\\\\\"",
        "foo; a=\"b\\\"c\"",
        // Quotes that are not closed, or not opened.
        "foo; a=\"",
        "foo; a=\"b",
        "foo; a=\"\\",
        "foo; a=\"\\\"",
        "foo; a=\"b\\",
        "foo; a=\"b\\\"",
        "foo; a=\"b, bar",
        "foo; a=b\"",
        "foo; a=\"b\"\"",
        "foo; a=\"b\"c",
        "foo; a=\"b\"\"c\"",
        "foo; a='b c'",
    ];
    let name = &header::SEC_WEBSOCKET_EXTENSIONS;
    assert_each_line(name, &refused, Err(Rejection::Extensions));
    // Lines are joined by a comma, also between quotes.
    let refused: &[&[&str]] = &[&["foo; a=\"b", "c\""], &["foo; a=\"b\\", "\""]];
    assert_each(name, refused, Err(Rejection::Extensions));
}

/// 9.1: a token is ASCII.
#[test]
fn extensions_beyond_ascii_are_refused() {
    let refused = [
        "\u{e9}",
        "foo\u{e9}",
        "foo; \u{e9}",
        "foo; a=\u{e9}",
        "foo; a=\"\u{e9}\"",
        "foo; a=\"\\\u{e9}\"",
        "foo, \u{e9}",
    ];
    let name = &header::SEC_WEBSOCKET_EXTENSIONS;
    assert_each_line(name, &refused, Err(Rejection::Extensions));
    for byte in 0x80..=0xff {
        for line in [[byte].as_slice(), &[b'a', byte], b"a;b=\"\\\xff\""] {
            let parts = sample_with(name, &[line]);
            assert_eq!(verdict(&parts), Err(Rejection::Extensions), "{byte:#x}");
        }
    }
}
