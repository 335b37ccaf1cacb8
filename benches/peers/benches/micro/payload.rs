//! What the messages are made of, and names for their sizes.

pub(crate) const KIB: usize = 1024;

/// Every byte value in turn.
pub(crate) fn binary(len: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(len).collect()
}

pub(crate) fn ascii(len: usize) -> String {
    (' '..='~').cycle().take(len).collect()
}

/// Latin, Cyrillic, Greek, Chinese, Japanese and emoji: one to four bytes per character.
pub(crate) fn mixed_script(len: usize) -> String {
    let scripts = "Fast, schnell, быстро, γρήγορα, 快速, はやい, 🚀🦀. ";
    let mut text = String::with_capacity(len);
    for char in scripts.chars().cycle() {
        if text.len() + char.len_utf8() > len {
            break;
        }
        text.push(char);
    }
    // What is left is less than a character.
    while text.len() < len {
        text.push('.');
    }
    text
}

pub(crate) fn size_name(bytes: usize) -> String {
    match bytes {
        bytes if bytes < KIB => format!("{bytes} B"),
        bytes if bytes < KIB * KIB => format!("{} KiB", bytes / KIB),
        bytes => format!("{} MiB", bytes / KIB / KIB),
    }
}
