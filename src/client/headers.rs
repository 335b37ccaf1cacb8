//! Headers of the user's.

use std::fmt::Debug;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Error;

/// More than servers take, and less than a [`HeaderMap`] cannot hold.
const MAX_LINES: usize = 10_000;

/// The headers that a user adds to requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers {
    lines: HeaderMap,
    origin: Option<HeaderValue>,
    /// The first that cannot be sent.
    invalid: Option<Invalid>,
}

#[derive(Clone, Debug)]
enum Invalid {
    /// What was to be its name.
    Name(String),
    /// Its name, and why it cannot be sent.
    Header(HeaderName, &'static str),
}

impl Headers {
    pub(super) fn append<N, V>(&mut self, name: N, value: V)
    where
        N: TryInto<HeaderName> + Debug,
        V: TryInto<HeaderValue>,
    {
        let shown = format!("{name:?}");
        let Ok(name) = name.try_into() else {
            return self.complain(Invalid::Name(shown));
        };
        let Ok(mut value) = value.try_into() else {
            let problem = "its value is invalid: it must not have control characters";
            return self.complain(Invalid::Header(name, problem));
        };
        if self.lines.len() == MAX_LINES {
            let problem = "there are more than 10,000 headers";
            return self.complain(Invalid::Header(name, problem));
        }
        if is_secret(&name) {
            // Not shown by `Debug`, nor kept in the tables of HTTP/2 (RFC 7541, section 7.1.3).
            value.set_sensitive(true);
        }
        self.lines.append(name, value);
    }

    pub(super) fn set_origin(&mut self, origin: HeaderValue) {
        self.origin = Some(origin);
    }

    fn complain(&mut self, invalid: Invalid) {
        self.invalid.get_or_insert(invalid);
    }

    /// All of them, `Origin` included.
    ///
    /// # Errors
    ///
    /// [`Error::HeaderName`] or [`Error::InvalidHeader`] for the first that cannot be sent.
    pub(super) fn lines(&self) -> Result<HeaderMap, Error> {
        match &self.invalid {
            Some(Invalid::Name(name)) => return Err(Error::HeaderName(name.clone())),
            Some(Invalid::Header(name, problem)) => {
                return Err(Error::InvalidHeader(name.clone(), problem));
            }
            None => {}
        }
        let mut lines = self.lines.clone();
        if let Some(origin) = &self.origin {
            lines.append(header::ORIGIN, origin.clone());
        }
        Ok(lines)
    }

    /// What another host may see: without credentials, and without the name of the first host.
    pub(super) fn for_another_host(&self) -> Self {
        let mut others = Self {
            lines: HeaderMap::new(),
            ..self.clone()
        };
        for (name, value) in &self.lines {
            if *name != header::HOST && !value.is_sensitive() {
                others.lines.append(name, value.clone());
            }
        }
        others
    }
}

fn is_secret(name: &HeaderName) -> bool {
    let names = [
        header::AUTHORIZATION,
        header::COOKIE,
        header::PROXY_AUTHORIZATION,
    ];
    names.contains(name)
}
