//! Heads and header fields, mostly as they should be.

use super::{choices::Choices, io::Step};

/// Values of a field, the first of which is as it should be.
pub type Pool = (&'static str, &'static [&'static str]);

pub type Field = (Vec<u8>, Vec<u8>);

/// Those that are needed, a few of which are left out, doubled or wrong, and some others.
pub fn fields(choices: &mut Choices<'_>, needed: &[Pool], others: &[Pool]) -> Vec<Field> {
    let mut fields = Vec::new();
    for pool in needed {
        let times = match choices.byte() {
            0..=235 => 1,
            236..=245 => 0,
            _ => 2,
        };
        for _ in 0..times {
            let is_right = choices.byte() < 230;
            fields.push(field(choices, *pool, is_right));
        }
    }
    let more = if others.is_empty() {
        0
    } else {
        choices.below(4)
    };
    for _ in 0..more {
        let pool = choices.one_of(others);
        let is_right = choices.below(2) == 0;
        let field = field(choices, pool, is_right);
        let at = choices.below(fields.len() + 1);
        fields.insert(at, field);
    }
    if choices.seldom(8) && !fields.is_empty() {
        let at = choices.below(fields.len());
        fields.rotate_left(at);
    }
    fields
}

fn field(choices: &mut Choices<'_>, (name, values): Pool, is_right: bool) -> Field {
    let value = match (is_right, choices.below(6)) {
        (true, _) => values[0].into(),
        (false, 5) => {
            let most = choices.below(20);
            choices.bytes(most).to_vec()
        }
        (false, _) => choices.one_of(values).into(),
    };
    (name.into(), value)
}

/// A head with these fields.
pub fn head(choices: &mut Choices<'_>, first: &[u8], fields: &[Field]) -> Vec<u8> {
    let mut bytes = [first, b"\r\n"].concat();
    for (name, value) in fields {
        let mut name = name.clone();
        match choices.byte() {
            0..=9 => name.make_ascii_uppercase(),
            10..=12 => name.push(b' '),
            13..=15 => name.insert(0, choices.byte()),
            _ => {}
        }
        let (colon, end): (&str, &str) = match choices.byte() {
            0..=9 => (":", "\r\n"),
            10..=19 => (":\t ", " \t\r\n"),
            20..=25 => (": ", "\n"),
            26..=28 => (": ", "\r\r\n"),
            29..=31 => (": ", "\r\n "),
            _ => (": ", "\r\n"),
        };
        bytes.extend([&name[..], colon.as_bytes(), value, end.as_bytes()].concat());
    }
    bytes.extend(b"\r\n");
    bytes
}

/// How a transport's bytes come, or leave.
pub fn steps(choices: &mut Choices<'_>) -> Vec<Step> {
    let count = choices.below(40);
    let step = |choices: &mut Choices<'_>| match choices.byte() {
        0..32 => Step::Nothing,
        most => Step::Bytes(usize::from(most % 16)),
    };
    (0..count).map(|_| step(choices)).collect()
}
