//! Every error beside each of its causes: a request, or bytes on the wire. What is said is true of
//! each, and names the clause.

mod protocol;
mod rejections;
#[path = "../support/mod.rs"]
mod support;

/// What a source says of the variants of an enum: name and documentation.
fn variants(source: &str, start: &str) -> Vec<(String, String)> {
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
fn name(value: impl std::fmt::Debug) -> String {
    let shown = format!("{value:?}");
    let end = shown.find(|c: char| !c.is_ascii_alphanumeric());
    shown[..end.unwrap_or(shown.len())].into()
}
