//! Redirects that must not be followed, or cannot.

use http::StatusCode;
use tower_websock::client::{self, RedirectError};

use super::{following, leading_to, redirect};
use crate::site::{ACCEPTANCE, Site};

/// Why a redirect to this place is not followed. Its answer is kept.
async fn not_followed(location: impl Into<String>) -> RedirectError {
    let site = leading_to(location).await;
    let error = following(5).connect(&site.uri("/")).await.unwrap_err();
    assert_eq!(site.asked(), ["/"]);
    assert_eq!(error.status(), Some(StatusCode::FOUND));
    assert_eq!(error.response().unwrap().body(), "moved");
    match error {
        client::Error::Redirect(problem, _) => problem,
        error => panic!("{error:?}"),
    }
}

/// As many as allowed, and no more.
#[tokio::test]
async fn too_many_redirects_are_not_followed() {
    // `/3` leads to `/2`, and so on; `/0` accepts.
    let site = Site::answering(|path| match path[1..].parse::<usize>().unwrap() {
        0 => ACCEPTANCE.into(),
        left => redirect(301, &format!("/{}", left - 1)),
    })
    .await;
    following(3).connect(&site.uri("/3")).await.unwrap();
    assert_eq!(site.asked(), ["/3", "/2", "/1", "/0"]);
    let error = following(3).connect(&site.uri("/4")).await.unwrap_err();
    assert_eq!(site.asked()[4..], ["/4", "/3", "/2", "/1"]);
    assert_eq!(
        error.to_string(),
        "the redirect of 301 Moved Permanently was not followed: \
         there are more than max_redirects (3)"
    );
    let client::Error::Redirect(RedirectError::TooMany(3), response) = error else {
        panic!("{error:?}");
    };
    assert_eq!(response.headers()["location"], "/0");
    assert_eq!(response.body(), "moved");
}

/// To itself.
#[tokio::test]
async fn redirect_to_itself_is_a_loop() {
    for location in [
        "/",
        ".",
        "",
        "#part",
        "//127.0.0.1:PORT",
        "http://127.0.0.1:PORT/",
    ] {
        let problem = not_followed(location).await;
        assert_eq!(problem, RedirectError::Loop, "{location}");
    }
}

/// By way of others.
#[tokio::test]
async fn redirect_in_a_circle_is_a_loop() {
    let site = Site::answering(|path| match path {
        "/a" => redirect(302, "/b"),
        "/b" => redirect(303, "/c"),
        _ => redirect(307, "/b"),
    })
    .await;
    let error = following(100).connect(&site.uri("/a")).await.unwrap_err();
    assert_eq!(site.asked(), ["/a", "/b", "/c"]);
    assert!(matches!(
        error,
        client::Error::Redirect(RedirectError::Loop, _)
    ));
    assert_eq!(error.status(), Some(StatusCode::TEMPORARY_REDIRECT));
}

/// A `Location` that names no endpoint is told by its part.
fn assert_invalid(problem: RedirectError, part: &str) {
    match problem {
        RedirectError::Location(text) => assert!(text.contains(part), "{text}"),
        problem => panic!("{problem:?}"),
    }
}

#[tokio::test]
async fn redirect_to_another_scheme_is_not_followed() {
    for location in ["ftp://127.0.0.1/", "file:///etc/passwd", "localhost:80/"] {
        assert_invalid(not_followed(location).await, "the scheme");
    }
}

#[tokio::test]
async fn redirect_with_user_info_is_not_followed() {
    assert_invalid(not_followed("http://user:secret@127.0.0.1/").await, "user");
}

#[tokio::test]
async fn redirect_without_a_host_is_not_followed() {
    for location in ["http:///there", "//", "http:there"] {
        assert_invalid(not_followed(location).await, "host");
    }
}

#[tokio::test]
async fn redirect_to_a_bad_port_is_not_followed() {
    assert_invalid(not_followed("//127.0.0.1:65536/").await, "the port");
}

#[tokio::test]
async fn redirect_to_a_bad_path_is_not_followed() {
    assert_invalid(not_followed("/a\tb").await, "the path");
}

#[tokio::test]
async fn redirect_to_two_places_is_not_followed() {
    let problem = not_followed("/a\r\nLocation: /b").await;
    assert_invalid(problem, "more than one");
}

/// RFC 9110, section 5.5: a byte that is no text.
#[tokio::test]
async fn redirect_that_is_no_text_is_not_followed() {
    let answer = b"HTTP/1.1 302 Found\r\nLocation: /\xFC\r\nContent-Length: 0\r\n\r\n";
    let site = Site::answering(|_| answer.into()).await;
    let error = following(1).connect(&site.uri("/")).await.unwrap_err();
    match error {
        client::Error::Redirect(problem, _) => assert_invalid(problem, "UTF-8"),
        error => panic!("{error:?}"),
    }
}
