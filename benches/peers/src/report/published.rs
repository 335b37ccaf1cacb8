//! What `RESULTS.md` consists of: what `compare` writes, and after it what `fanout` does.

use std::{fs, io::ErrorKind, path::Path};

use crate::Error;

/// What the second part begins with.
const FANOUT: &str = "# One message to many\n";

const NAME: &str = "RESULTS.md";

/// Writes the first part, and leaves the second.
pub(super) fn write_comparison(to: &Path, text: &str) -> Result<(), Error> {
    let present = read(to)?;
    let [_, fanout] = parts(&present);
    let text = match fanout {
        "" => text.to_owned(),
        fanout => format!("{}\n\n{fanout}", text.trim_end()),
    };
    Ok(fs::write(to.join(NAME), text)?)
}

/// Writes the second part, to which this adds its heading, and leaves the first.
pub fn write_fanout(to: &Path, text: &str) -> Result<(), Error> {
    let present = read(to)?;
    let [comparison, _] = parts(&present);
    let text = format!("{}\n\n{FANOUT}\n{text}", comparison.trim_end());
    Ok(fs::write(to.join(NAME), text)?)
}

fn read(to: &Path) -> Result<String, Error> {
    match fs::read_to_string(to.join(NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        text => Ok(text?),
    }
}

fn parts(text: &str) -> [&str; 2] {
    let (first, second) = text.split_at(text.find(FANOUT).unwrap_or(text.len()));
    [first, second]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_part_begins_with_its_heading() {
        let text = format!("# Results\n\na\n\n{FANOUT}\nb\n");
        let [first, second] = parts(&text);
        assert_eq!(first, "# Results\n\na\n\n");
        assert!(second.ends_with("\n\nb\n"));
        assert_eq!(parts("# Results\n"), ["# Results\n", ""]);
    }
}
