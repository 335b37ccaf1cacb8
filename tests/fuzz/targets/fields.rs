//! Header fields, read as plainly as can be (RFC 9110, section 5.6; RFC 6455, section 9.1).

/// Names in lower case, and values without the white space around.
#[derive(Clone, Debug, Default)]
pub struct Fields(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Fields {
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let value = trim(value).to_vec();
        self.0.push((name.to_ascii_lowercase(), value));
    }

    /// The values of all lines of this name.
    pub fn lines(&self, name: &str) -> Vec<&[u8]> {
        let lines = self.0.iter().filter(|(other, _)| other == name.as_bytes());
        lines.map(|(_, value)| &value[..]).collect()
    }

    /// The value of the only line of this name.
    pub fn single(&self, name: &str) -> Option<&[u8]> {
        match self.lines(name)[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    /// The elements of a list that have something in them.
    pub fn list(&self, name: &str) -> Vec<&[u8]> {
        let lines = self.lines(name).into_iter();
        let elements = lines.flat_map(|line| line.split(|&byte| byte == b',').map(trim));
        elements.filter(|element| !element.is_empty()).collect()
    }

    /// Whether a list has this, in any case.
    pub fn lists(&self, name: &str, token: &str) -> bool {
        let mut list = self.list(name).into_iter();
        list.any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    pub fn has(&self, name: &str) -> bool {
        !self.lines(name).is_empty()
    }
}

pub fn trim(bytes: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| b" \t".contains(byte);
    let Some(first) = bytes.iter().position(|byte| !is_space(byte)) else {
        return &[];
    };
    let last = bytes.iter().rposition(|byte| !is_space(byte));
    &bytes[first..=last.expect("there is a first")]
}

/// RFC 9110, section 5.6.2.
pub fn is_token(bytes: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_tchar)
}

/// One that is offered, or accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    pub name: Vec<u8>,
    pub params: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// What a line of a list of extensions is made of.
#[derive(PartialEq, Eq)]
enum Lexeme {
    Token(Vec<u8>),
    Quoted(Vec<u8>),
    Mark(u8),
}

/// RFC 6455, section 9.1: `None` if a line is malformed, or nothing is in any of them.
pub fn extensions(lines: &[&[u8]]) -> Option<Vec<Extension>> {
    let mut all = Vec::new();
    for line in lines {
        let lexemes = lexemes(line)?;
        for element in lexemes.split(|lexeme| *lexeme == Lexeme::Mark(b',')) {
            if !element.is_empty() {
                all.push(extension(element)?);
            }
        }
    }
    (lines.is_empty() || !all.is_empty()).then_some(all)
}

fn extension(lexemes: &[Lexeme]) -> Option<Extension> {
    let mut parts = lexemes.split(|lexeme| *lexeme == Lexeme::Mark(b';'));
    let [Lexeme::Token(name)] = parts.next()? else {
        return None;
    };
    let mut params = Vec::new();
    for part in parts {
        params.push(match part {
            [Lexeme::Token(name)] => (name.clone(), None),
            [
                Lexeme::Token(name),
                Lexeme::Mark(b'='),
                Lexeme::Token(value),
            ] => (name.clone(), Some(value.clone())),
            // "the value after quoted-string unescaping MUST conform to the 'token' ABNF".
            [
                Lexeme::Token(name),
                Lexeme::Mark(b'='),
                Lexeme::Quoted(value),
            ] if is_token(value) => (name.clone(), Some(value.clone())),
            _ => return None,
        });
    }
    let name = name.clone();
    Some(Extension { name, params })
}

fn lexemes(line: &[u8]) -> Option<Vec<Lexeme>> {
    let mut lexemes = Vec::new();
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' => {}
            b',' | b';' | b'=' => lexemes.push(Lexeme::Mark(byte)),
            b'"' => {
                let mut value = Vec::new();
                loop {
                    match bytes.next()? {
                        b'"' => break,
                        b'\\' => value.push(bytes.next()?),
                        byte => value.push(byte),
                    }
                }
                lexemes.push(Lexeme::Quoted(value));
            }
            _ if is_token(&[byte]) => {
                let mut token = vec![byte];
                while let Some(byte) = bytes.next_if(|&byte| is_token(&[byte])) {
                    token.push(byte);
                }
                lexemes.push(Lexeme::Token(token));
            }
            _ => return None,
        }
    }
    Some(lexemes)
}
