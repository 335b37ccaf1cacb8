//! What a sentence shows of a body.

/// Bytes of a refusal's body that are kept.
pub(super) const KEPT: usize = 1024;
/// Characters of it that a sentence shows.
const SHOWN: usize = 200;

/// A body as a part of a sentence: on one line, shortened. `None` if it is empty or no text that
/// can be printed, as compressed bodies are not.
pub(super) fn excerpt(body: &[u8]) -> Option<String> {
    let text = match str::from_utf8(body) {
        Ok(text) => text,
        // Cut off inside a character, by us.
        Err(error) if error.error_len().is_none() && body.len() == KEPT => {
            str::from_utf8(&body[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text
        .chars()
        .any(|c| is_unprintable(c) && !c.is_whitespace())
    {
        return None;
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = line.char_indices().nth(SHOWN).map(|(at, _)| at);
    match cut {
        _ if line.is_empty() => None,
        None if body.len() < KEPT => Some(line),
        cut => Some(format!("{}...", &line[..cut.unwrap_or(line.len())])),
    }
}

/// Control characters, and those by which a text is shown in another order than it has.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
