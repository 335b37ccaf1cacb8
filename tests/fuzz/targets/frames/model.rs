//! What must be made of frames, told a second time and as plainly as can be: RFC 6455, 5 to 8, and
//! RFC 7692, 6 and 7.2.2.

use std::collections::BTreeSet;

use flate2::{Decompress, FlushDecompress, Status};
use tower_websock::{CloseFrame, Message};

/// What is received by whom, and how.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The peer masks: it is a client.
    pub masked: bool,
    pub max_message: usize,
    pub max_frame: usize,
    pub max_fragments: usize,
    pub compressed: bool,
    /// Of the peer's compressed messages.
    pub context_takeover: bool,
}

/// How it ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// The peer's Close, which is the last message.
    Close,
    /// The bytes end without one.
    Lost,
    /// With this code.
    Failed(u16),
}

#[derive(Debug)]
pub struct Verdict {
    pub messages: Vec<Message>,
    /// Any of them.
    pub ends: BTreeSet<End>,
    /// A compressed message is damaged, or may be: from this message on anything may be.
    pub unsure_from: Option<usize>,
}

struct Header {
    fin: bool,
    rsv1: bool,
    opcode: u8,
    mask: Option<[u8; 4]>,
    len: usize,
    /// Of the header.
    size: usize,
}

#[derive(Default)]
struct Begun {
    text: bool,
    compressed: bool,
    data: Vec<u8>,
    frames: usize,
}

pub fn judge(mut input: &[u8], rules: Rules) -> Verdict {
    let mut messages = Vec::new();
    let mut begun: Option<Begun> = None;
    let mut inflated = Inflated::default();
    let mut unsure_from = None;
    let ends = loop {
        let header = match header(input, rules, begun.as_ref()) {
            Ok(header) => header,
            Err(ends) => break ends,
        };
        let here = input.len().min(header.size + header.len);
        let mut payload = input[header.size..here].to_vec();
        if let Some(mask) = header.mask {
            for (at, byte) in payload.iter_mut().enumerate() {
                // 5.3.
                *byte ^= mask[at % 4];
            }
        }
        let is_whole = payload.len() == header.len;
        if header.opcode >= 8 {
            if !is_whole {
                // What is known of a Close's body may be told at once.
                break [End::Lost, End::Failed(1002), End::Failed(1007)].into();
            }
            input = &input[here..];
            match header.opcode {
                9 => messages.push(Message::Ping(payload.into())),
                10 => messages.push(Message::Pong(payload.into())),
                _ => match close(&payload) {
                    Ok(frame) => {
                        messages.push(Message::Close(frame));
                        break [End::Close].into();
                    }
                    Err(code) => break [End::Failed(code)].into(),
                },
            }
            continue;
        }
        let message = begun.get_or_insert_with(|| Begun {
            text: header.opcode == 1,
            compressed: header.rsv1,
            ..Begun::default()
        });
        message.frames += 1;
        message.data.extend(payload);
        if message.text && !message.compressed {
            // 8.1, also before the message is complete.
            let (valid, is_cut) = match str::from_utf8(&message.data) {
                Ok(_) => (true, false),
                Err(error) => (error.error_len().is_none(), true),
            };
            let is_over = is_whole && header.fin;
            if !valid || (is_over && is_cut) {
                break [End::Failed(1007)].into();
            }
        }
        if !is_whole {
            let mut ends: BTreeSet<_> = [End::Lost].into();
            if message.compressed {
                ends.extend([End::Failed(1007), End::Failed(1009)]);
            }
            break ends;
        }
        input = &input[here..];
        if !header.fin {
            continue;
        }
        let mut message = begun.take().expect("it has begun");
        if message.compressed {
            if !rules.context_takeover {
                inflated = Inflated::default();
            }
            match inflated.next(&message.data, rules.max_message) {
                Some(data) if !message.text || str::from_utf8(&data).is_ok() => message.data = data,
                _ => {
                    unsure_from = Some(messages.len());
                    break BTreeSet::new();
                }
            }
        }
        messages.push(if message.text {
            Message::text(String::from_utf8(message.data).expect("it was checked"))
        } else {
            Message::binary(message.data)
        });
    };
    Verdict {
        messages,
        ends,
        unsure_from,
    }
}

/// 5.2, with what stands before the payload only.
fn header(input: &[u8], rules: Rules, begun: Option<&Begun>) -> Result<Header, BTreeSet<End>> {
    let lost = || BTreeSet::from([End::Lost]);
    let broken = || BTreeSet::from([End::Failed(1002)]);
    let first = *input.first().ok_or_else(lost)?;
    let (fin, rsv1, opcode) = (first & 0x80 != 0, first & 0x40 != 0, first & 0x0F);
    let is_control = opcode >= 8;
    let wrong = first & 0x30 != 0
        || !matches!(opcode, 0..=2 | 8..=10)
        // RFC 7692, 6: on the first frame of a data message.
        || (rsv1 && !(rules.compressed && matches!(opcode, 1 | 2)))
        // 5.5.
        || (is_control && !fin)
        // 5.4.
        || (opcode == 0 && begun.is_none())
        || (matches!(opcode, 1 | 2) && begun.is_some());
    let frames = begun.map_or(0, |begun| begun.frames);
    let is_too_many = !is_control && frames >= rules.max_fragments;
    let Some(second) = input.get(1) else {
        // It may be told at once, or with the rest of the header.
        let mut ends = lost();
        ends.extend(wrong.then_some(End::Failed(1002)));
        ends.extend(is_too_many.then_some(End::Failed(1009)));
        return Err(ends);
    };
    let masked = second & 0x80 != 0;
    let short = usize::from(second & 0x7F);
    if wrong || masked != rules.masked || (is_control && short > 125) {
        let mut ends = broken();
        ends.extend(is_too_many.then_some(End::Failed(1009)));
        return Err(ends);
    }
    let extended = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mut len = short as u64;
    let (mut is_odd, mut least) = (false, 0);
    if extended > 0 {
        let Some(bytes) = input.get(2..2 + extended) else {
            return Err([End::Lost, End::Failed(1002), End::Failed(1009)].into());
        };
        len = bytes
            .iter()
            .fold(0, |len, byte| len << 8 | u64::from(*byte));
        least = if extended == 2 { 126 } else { 1 << 16 };
        is_odd = len < least || len >> 63 != 0;
    }
    let message = begun.map_or(0, |begun| begun.data.len()) as u64;
    let compressed = begun.map_or(rsv1, |begun| begun.compressed);
    let most = rules.max_message as u64;
    let most = if compressed {
        most + most / 8 + most / 64 + 1024
    } else {
        most
    };
    // What is too long for the form it has is too big, too, if nothing of the form fits.
    let at_least = len.max(least);
    let is_too_big = at_least > rules.max_frame as u64 || at_least.saturating_add(message) > most;
    let is_too_much = !is_control && (is_too_big || is_too_many);
    match (is_odd, is_too_much) {
        (false, false) => {}
        (true, false) => return Err(broken()),
        (false, true) => return Err([End::Failed(1009)].into()),
        // Both are true of it.
        (true, true) => return Err([End::Failed(1002), End::Failed(1009)].into()),
    }
    let size = 2 + extended + if masked { 4 } else { 0 };
    let Some(head) = input.get(..size) else {
        let mut ends = lost();
        // A Close of one byte has half a code, whichever its key.
        ends.extend((opcode == 8 && len == 1).then_some(End::Failed(1002)));
        return Err(ends);
    };
    Ok(Header {
        fin,
        rsv1,
        opcode,
        mask: masked.then(|| head[size - 4..].try_into().expect("four bytes")),
        len: usize::try_from(len).expect("it is not too big"),
        size,
    })
}

/// 5.5.1, 7.4 and 8.1.
fn close(body: &[u8]) -> Result<Option<CloseFrame>, u16> {
    let Some((code, reason)) = body.split_first_chunk() else {
        return if body.is_empty() { Ok(None) } else { Err(1002) };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(1002);
    }
    let reason = str::from_utf8(reason).map_err(|_| 1007_u16)?;
    Ok(Some(CloseFrame::new(code, reason)))
}

/// RFC 7692, 7.2.2: what was compressed up to here, and how much that was before.
#[derive(Default)]
pub struct Inflated {
    compressed: Vec<u8>,
    len: usize,
}

impl Inflated {
    /// `None` if the data is damaged, ends within a block or in a last one, or is too big.
    pub fn next(&mut self, data: &[u8], most: usize) -> Option<Vec<u8>> {
        self.compressed.extend(data);
        self.compressed.extend([0, 0, 0xFF, 0xFF]);
        // Within a block, either of these may be data and an end, but not both.
        let mut out = self.followed_by(&[3, 0], most)?;
        if self.followed_by(&[1, 0, 0, 0xFF, 0xFF], most)? != out {
            return None;
        }
        let data = out.split_off(self.len);
        self.len += data.len();
        (data.len() <= most).then_some(data)
    }

    /// All of it, if a last block that is empty may follow.
    fn followed_by(&self, last_block: &[u8], most: usize) -> Option<Vec<u8>> {
        let all = [&self.compressed[..], last_block].concat();
        let mut room = self.len + 1024;
        loop {
            // All at once: in pieces, flate2 lets a message refer to what lies before all of it.
            let mut out = Vec::with_capacity(room);
            let mut inflater = Decompress::new(false);
            let status = inflater.decompress_vec(&all, &mut out, FlushDecompress::Finish);
            if matches!(status, Ok(Status::StreamEnd)) && inflater.total_in() == all.len() as u64 {
                return Some(out);
            }
            if out.len() < out.capacity() || room > self.len + most {
                return None;
            }
            room *= 4;
        }
    }
}
