//! `Sec-WebSocket-Extensions`, as a server and as a client read it, against a second reading of
//! RFC 7692, 5 and 7.1, and of the table in the documentation of `DeflateConfig`.

use std::time::{Duration, Instant};

use http::{HeaderValue, Request, Response};
use tower_websock::{
    AnswerError, Config, DeflateConfig, ProvidedIo, Rejection, WebSocketUpgrade, client,
    derive_accept_key,
};

use super::{
    choices::Choices,
    enter,
    fields::{Extension, extensions},
    tasks::block_on,
};

/// What an offer, or the answer to one, says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params {
    pub server_reset: bool,
    pub client_reset: bool,
    pub server_bits: Option<u8>,
    /// An offer may leave out the value.
    #[expect(clippy::option_option, reason = "as the grammar has it")]
    pub client_bits: Option<Option<u8>>,
}

impl Params {
    /// 7: `None` if it is of another name, or to be declined.
    pub fn of(extension: &Extension) -> Option<Self> {
        if extension.name != b"permessage-deflate" {
            return None;
        }
        let mut params = Self::default();
        for (at, (name, value)) in extension.params.iter().enumerate() {
            if extension.params[..at]
                .iter()
                .any(|(other, _)| other == name)
            {
                return None;
            }
            let bits = value.as_deref().map(bits);
            match (&name[..], bits) {
                (b"server_no_context_takeover", None) => params.server_reset = true,
                (b"client_no_context_takeover", None) => params.client_reset = true,
                (b"server_max_window_bits", Some(Some(bits))) => params.server_bits = Some(bits),
                (b"client_max_window_bits", None) => params.client_bits = Some(None),
                (b"client_max_window_bits", Some(Some(bits))) => {
                    params.client_bits = Some(Some(bits));
                }
                _ => return None,
            }
        }
        Some(params)
    }

    /// 7.1: whether this may be answered to an offer.
    pub fn answers(self, offer: Self) -> bool {
        let is_reset = self.server_reset || !offer.server_reset;
        let is_server_bound = match (offer.server_bits, self.server_bits) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(offered), Some(bits)) => bits <= offered,
        };
        let is_client_bound = match (offer.client_bits, self.client_bits) {
            (_, None) => true,
            (_, Some(None)) | (None, _) => false,
            (Some(offered), Some(Some(bits))) => offered.is_none_or(|offered| bits <= offered),
        };
        is_reset && is_server_bound && is_client_bound
    }

    /// What our server answers to this, as the documentation has it.
    fn answered(self, config: &DeflateConfig) -> Self {
        let server = config.get_server_max_window_bits().unwrap_or(12);
        let client = config.get_client_max_window_bits().unwrap_or(12);
        let may_bind = self.client_bits.is_some() || self.client_reset;
        Self {
            server_reset: self.server_reset,
            client_reset: self.client_reset
                || (may_bind && config.get_client_no_context_takeover()),
            server_bits: self.server_bits.map(|bits| bits.min(server)),
            client_bits: match self.client_bits {
                Some(Some(bits)) => Some(Some(bits.min(client))),
                Some(None) if client < 15 => Some(Some(client)),
                _ => None,
            },
        }
    }
}

/// 7.1.2: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
fn bits(value: &[u8]) -> Option<u8> {
    let all = ["8", "9", "10", "11", "12", "13", "14", "15"];
    let bits = all.iter().position(|bits| bits.as_bytes() == value)?;
    Some(8 + u8::try_from(bits).expect("there are eight"))
}

/// No time that depends on anything but the length is so long for 60 KiB.
const LONG: Duration = Duration::from_secs(2);

pub fn run(input: &[u8]) {
    let _runtime = enter();
    let mut choices = Choices::new(input);
    let side = choices.below(2);
    let config = (choices.below(8) < 7).then(|| config(&mut choices));
    let lines = lines(&mut choices);
    if lines
        .iter()
        .any(|line| HeaderValue::from_bytes(line).is_err())
    {
        return;
    }
    let begin = Instant::now();
    if side == 0 {
        serve(&lines, config.as_ref());
    } else {
        connect(&lines, config);
    }
    assert!(begin.elapsed() < LONG, "{:?}", begin.elapsed());
}

pub fn config(choices: &mut Choices<'_>) -> DeflateConfig {
    let bits = |choices: &mut Choices<'_>| 8 + (choices.byte() & 7);
    let mut config = DeflateConfig::new();
    if choices.below(2) == 1 {
        config = config.server_max_window_bits(bits(choices));
    }
    if choices.below(2) == 1 {
        config = config.client_max_window_bits(bits(choices));
    }
    match choices.below(8) {
        0 => config.server_no_context_takeover(),
        1 => config.client_no_context_takeover(),
        2 => config.no_context_takeover(),
        3 => config.omit_client_max_window_bits(),
        _ => config,
    }
}

fn lines(choices: &mut Choices<'_>) -> Vec<Vec<u8>> {
    if choices.below(3) == 0 {
        let lines = choices.rest().split(|&byte| byte == b'\n');
        return lines.map(<[u8]>::to_vec).collect();
    }
    let mut lines = Vec::new();
    for _ in 0..choices.below(3) {
        let elements: Vec<_> = (0..choices.below(4)).map(|_| element(choices)).collect();
        let mut line = elements.join(choices.one_of(&[&b", "[..], b",", b" ,\t, "]));
        if choices.seldom(100) && !line.is_empty() {
            // A line as long as any server takes.
            line = line.repeat(60 * 1024 / line.len());
        }
        lines.push(line);
    }
    lines
}

fn element(choices: &mut Choices<'_>) -> Vec<u8> {
    const NAMES: [&str; 6] = [
        "permessage-deflate",
        "permessage-deflate",
        "permessage-deflate",
        "Permessage-Deflate",
        "x-webkit-deflate-frame",
        "",
    ];
    const PARAMS: [&str; 6] = [
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits",
        "client_max_window_bits",
        "mux",
        "",
    ];
    const VALUES: [&str; 12] = [
        "=8",
        "=15",
        "=12",
        "=\"10\"",
        "=\"1\\1\"",
        "= 9",
        "=7",
        "=16",
        "=08",
        "=",
        "=\"\"",
        "=a b",
    ];
    let mut element = choices.one_of(&NAMES).as_bytes().to_vec();
    for _ in 0..choices.below(4) {
        element.extend(choices.one_of(&[&b"; "[..], b";", b" ;\t"]));
        let param = choices.below(16);
        element.extend(PARAMS[if param < 12 { param % 4 } else { param % 6 }].as_bytes());
        if choices.below(2) == 0 {
            element.extend(choices.one_of(&VALUES).as_bytes());
        }
        if choices.seldom(30) {
            element.push(choices.byte());
        }
    }
    element
}

/// It is about the time that it takes, which the other reading would take, too.
fn is_long(lines: &[Vec<u8>]) -> bool {
    lines.iter().any(|line| line.len() > 4096)
}

/// A server is asked for these.
fn serve(lines: &[Vec<u8>], deflate: Option<&DeflateConfig>) {
    let mut request = Request::get("/")
        .header("host", "localhost")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .extension(ProvidedIo::new(tokio::io::empty()));
    for line in lines {
        request = request.header("sec-websocket-extensions", &line[..]);
    }
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let found = WebSocketUpgrade::from_parts(&mut parts);
    if is_long(lines) {
        return;
    }
    let lines: Vec<_> = lines.iter().map(|line| &line[..]).collect();
    let Some(offers) = extensions(&lines) else {
        // RFC 6455, 9.1: the handshake fails.
        assert_eq!(found.unwrap_err(), Rejection::Extensions);
        return;
    };
    let mut upgrade = found.unwrap();
    if let Some(deflate) = deflate {
        upgrade = upgrade.config(Config::new().deflate(deflate.clone()));
    }
    let (response, _accepting) = upgrade.accept::<()>().unwrap();
    // 5: the first that is not declined.
    let offer = offers.iter().find_map(Params::of);
    let expected = offer.zip(deflate);
    let expected = expected.map(|(offer, config)| offer.answered(config));
    let answers = response.headers().get_all("sec-websocket-extensions");
    let answers: Vec<_> = answers.iter().map(HeaderValue::as_bytes).collect();
    let answers = extensions(&answers).expect("our own");
    let found: Vec<_> = answers.iter().map(Params::of).collect();
    assert_eq!(found, Vec::from_iter(expected.map(Some)), "{offers:?}");
    if let Some((answer, offer)) = expected.zip(offer) {
        assert!(answer.answers(offer), "{answer:?} to {offer:?}");
    }
}

/// A client is answered these.
fn connect(lines: &[Vec<u8>], deflate: Option<DeflateConfig>) {
    let mut config = Config::new();
    if let Some(deflate) = deflate {
        config = config.deflate(deflate);
    }
    let builder = client::Builder::new().config(config);
    let (request, pending) = builder.request::<()>("ws://localhost/").unwrap();
    let offers = request.headers().get_all("sec-websocket-extensions");
    let offers: Vec<_> = offers.iter().map(HeaderValue::as_bytes).collect();
    let offers = extensions(&offers).expect("our own");
    let offers: Vec<_> = offers
        .iter()
        .map(|offer| Params::of(offer).expect("our own"))
        .collect();
    let key = request.headers()["sec-websocket-key"].as_bytes();
    let mut response = Response::builder()
        .status(101)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", derive_accept_key(key))
        .extension(ProvidedIo::new(tokio::io::empty()));
    for line in lines {
        response = response.header("sec-websocket-extensions", &line[..]);
    }
    let response = response.body(String::new()).unwrap();
    let found = match block_on(pending.complete(response)) {
        Ok(_) => Ok(()),
        Err(client::Error::Answer(error)) => Err(error),
        Err(error) => panic!("{error}"),
    };
    if is_long(lines) {
        return;
    }
    let lines: Vec<_> = lines.iter().map(|line| &line[..]).collect();
    assert_eq!(found, read(&lines, &offers), "{offers:?}");
}

/// RFC 6455, 4.1, item 5; RFC 7692, 5.
pub fn read(lines: &[&[u8]], offers: &[Params]) -> Result<(), AnswerError> {
    let answers = extensions(lines).ok_or(AnswerError::ExtensionsMalformed)?;
    for (at, answer) in answers.iter().enumerate() {
        if answer.name != b"permessage-deflate" || offers.is_empty() {
            return Err(AnswerError::Extensions);
        }
        if at > 0 {
            return Err(AnswerError::DeflateRepeated);
        }
        let params = Params::of(answer).ok_or(AnswerError::Deflate)?;
        if !offers.iter().any(|&offer| params.answers(offer)) {
            return Err(AnswerError::Deflate);
        }
    }
    Ok(())
}
