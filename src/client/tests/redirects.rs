//! Which redirects are followed.

use http::{Response, header};

use super::{super::redirect::Route, *};
use crate::handshake::Target;

fn target(uri: &str) -> Target {
    Target::parse(uri).expect(uri)
}

fn redirect(location: &str) -> Response<()> {
    let response = Response::builder().status(302);
    let response = response.header(header::LOCATION, location);
    response.body(()).expect("a response")
}

/// What is encrypted stays encrypted, wherever it leads; what is not may become it.
#[test]
fn redirect_from_wss_to_ws_is_not_followed() {
    for (from, location, is_followed) in [
        ("wss://h/a", "ws://h/b", false),
        ("wss://h/a", "http://h/b", false),
        ("wss://h/a", "http://h:443/b", false),
        ("wss://h/a", "HTTP://i/a", false),
        ("wss://h/a", "/b", true),
        ("wss://h/a", "//i/a", true),
        ("wss://h/a", "https://i/a", true),
        ("ws://h/a", "wss://h/a", true),
        ("ws://h/a", "https://i/", true),
        ("ws://h/a", "http://i/", true),
    ] {
        let route = Route::new(target(from), 1);
        let next = route.next(&redirect(location)).expect("a redirect");
        let problem = next.err();
        let expected = (!is_followed).then_some(RedirectError::Insecure);
        assert_eq!(problem, expected, "{from} {location}");
    }
}

/// Also on the way.
#[test]
fn redirect_to_ws_by_way_of_wss_is_not_followed() {
    let mut route = Route::new(target("ws://h/a"), 5);
    for (location, problem) in [
        ("//i/", None),
        ("https://h/", None),
        ("http://i/b", Some(RedirectError::Insecure)),
        // This is told before the circle that it would be.
        ("http://h/a", Some(RedirectError::Insecure)),
        ("https://h/", Some(RedirectError::Loop)),
        ("https://i/", None),
        ("//h/", Some(RedirectError::Loop)),
    ] {
        let next = route.next(&redirect(location)).expect("a redirect");
        assert_eq!(next.as_ref().err().copied(), problem, "{location}");
        if let Ok(target) = next {
            route.go_to(target);
        }
    }
}
