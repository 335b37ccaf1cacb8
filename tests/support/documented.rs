//! What the documentation of an error says of its variants.

/// What a source says of the variants of an enum: name and documentation.
pub fn variants(source: &str, start: &str) -> Vec<(String, String)> {
    let lines = source.lines().skip_while(|line| *line != start).skip(1);
    let mut variants = Vec::new();
    let mut doc = String::new();
    for line in lines.take_while(|line| *line != "}") {
        if let Some(text) = line.strip_prefix("    /// ") {
            doc = doc + text + " ";
        } else if let Some(name) = line.strip_prefix("    ")
            && name.starts_with(|first: char| first.is_ascii_uppercase())
        {
            let end = name.find(|c: char| !c.is_ascii_alphanumeric());
            variants.push((name[..end.unwrap()].into(), std::mem::take(&mut doc)));
        }
    }
    assert!(variants.len() > 10, "{start} was not found");
    variants
}

/// The name of the variant of a value.
pub fn name(value: impl std::fmt::Debug) -> String {
    let shown = format!("{value:?}");
    let end = shown.find(|c: char| !c.is_ascii_alphanumeric());
    shown[..end.unwrap_or(shown.len())].into()
}
