//! Where a redirect leads (RFC 9110, section 10.2.2; RFC 3986, section 5).

use http::{HeaderMap, header};

use super::target::{Form, RequestError, Target};
use crate::wire::fields::{self, Cardinality};

impl Target {
    /// Where the `Location` of an answer leads; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`RequestError::Uri`] says what is wrong with it.
    pub(crate) fn location(&self, answer: &HeaderMap) -> Option<Result<Self, RequestError>> {
        let location = match fields::single(answer, header::LOCATION) {
            Ok(location) => std::str::from_utf8(location).map_err(|_| "it is not UTF-8"),
            Err(Cardinality::Repeated) => Err("there is more than one"),
            Err(Cardinality::Missing) => return None,
        };
        let location = location.map_err(RequestError::Uri);
        Some(location.and_then(|location| self.resolve(location)))
    }

    /// RFC 3986, section 5.2.2: what a reference that stands here refers to. Its fragment is left
    /// out, which is for what is found there.
    ///
    /// # Errors
    ///
    /// [`RequestError::Uri`] names the part that is wrong.
    pub(in crate::handshake) fn resolve(&self, reference: &str) -> Result<Self, RequestError> {
        let reference = reference.split_once('#').map_or(reference, |(uri, _)| uri);
        let reference = reference.trim_matches(' ');
        let (hierarchy, query) = match reference.split_once('?') {
            Some((hierarchy, query)) => (hierarchy, Some(query)),
            None => (reference, None),
        };
        // As browsers do, a backslash is taken for a slash.
        let hierarchy = hierarchy.replace('\\', "/");
        let (scheme, rest) = match scheme_of(&hierarchy) {
            Some((scheme, rest)) => (Some(websocket_scheme(scheme)?), rest),
            None => (None, &*hierarchy),
        };
        let own_scheme = if self.is_secure() { "wss" } else { "ws" };
        if let Some(rest) = rest.strip_prefix("//") {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let scheme = scheme.unwrap_or(own_scheme);
            return target(scheme, authority, &without_dots(path), query);
        }
        if scheme.is_some() {
            return Err(RequestError::Uri(
                "'//' and the host are missing behind the scheme",
            ));
        }
        let base = self.uri(Form::Origin);
        let (path, query) = match rest {
            "" => (base.path().to_owned(), query.or(base.query())),
            path if path.starts_with('/') => (without_dots(path), query),
            path => (without_dots(&merged(base.path(), path)), query),
        };
        target(own_scheme, self.authority().as_str(), &path, query)
    }

    /// Whether requests go to the same host, port and scheme, so that one may see what was meant
    /// for the other.
    pub(crate) fn is_same_origin(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.address(), other.address());
        self.is_secure() == other.is_secure()
            && ours.0.eq_ignore_ascii_case(theirs.0)
            && ours.1 == theirs.1
    }

    /// Whether both ask the same server for the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.is_same_origin(other) && self.uri(Form::Origin) == other.uri(Form::Origin)
    }
}

/// RFC 3986, section 3.1: the scheme of a reference that has one, and what is behind its colon.
fn scheme_of(reference: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = reference.split_once(':')?;
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let is_scheme =
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(is_allowed);
    is_scheme.then_some((scheme, rest))
}

/// WHATWG WebSockets, section 3.1: `http` and `https` stand for `ws` and `wss`.
fn websocket_scheme(scheme: &str) -> Result<&'static str, RequestError> {
    match scheme.to_ascii_lowercase().as_str() {
        "ws" | "http" => Ok("ws"),
        "wss" | "https" => Ok("wss"),
        _ => Err(RequestError::Uri(
            "the scheme is none of ws, wss, http and https",
        )),
    }
}

fn target(
    scheme: &str,
    authority: &str,
    path: &str,
    query: Option<&str>,
) -> Result<Target, RequestError> {
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    Target::parse(&format!("{scheme}://{authority}{path}{query}"))
}

/// RFC 3986, section 5.2.3: a relative path takes the place of what is behind the last slash.
fn merged(base: &str, path: &str) -> String {
    let folder = base.rfind('/').map_or("/", |slash| &base[..=slash]);
    format!("{folder}{path}")
}

/// RFC 3986, section 5.2.4: without the segments `.` and `..`.
fn without_dots(path: &str) -> String {
    let Some(path) = path.strip_prefix('/') else {
        return String::new();
    };
    let mut kept = Vec::new();
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        if segment == ".." {
            kept.pop();
        }
        match segment {
            "." | ".." if segments.peek().is_some() => {}
            // What they name is a folder, which ends in a slash.
            "." | ".." => kept.push(""),
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}
