//! The house has floors: a file takes only from its own room and from floors below, never in a
//! circle, and the floors below `connections` know no IO, no clock and no chance.

mod house;
mod names;

use std::path::Path;

use self::house::{House, Module};

/// The rooms from the ground up; neighbours on one floor take nothing from each other.
const FLOORS: [&[&str]; 9] = [
    &["wire", "pool", "sync"],
    &["deflate", "observe"],
    &["message", "config"],
    &["protocol", "handshake"],
    &["connections", "topic"],
    &["stream"],
    &["upgrade", "client", "compat"],
    &["service"],
    &["axum"],
];

/// Floors that are state machines: bytes in, bytes out.
const SANS_IO: usize = 4;

/// What only they may name who do IO, wait, or throw dice.
const OUTSIDE: [&str; 15] = [
    "tokio",
    "tokio_util",
    "rand",
    "TcpStream",
    "fs",
    "Instant",
    "SystemTime",
    "Duration",
    "spawn",
    "sleep",
    "AsyncRead",
    "AsyncWrite",
    "Waker",
    "Context",
    "Poll",
];

/// Settings say how long something lasts, and figures how long it took; nobody there waits for it,
/// or looks at a clock.
const MAY_NAME: [(&str, &str); 5] = [
    ("config", "Duration"),
    ("observe", "Duration"),
    ("observe", "SystemTime"),
    // A step of the checker of schedules, for which time stands still.
    ("sync", "Duration"),
    ("sync", "sleep"),
];

fn floor_of(module: &Module) -> Option<usize> {
    let room = module.first().filter(|room| *room != "docs")?;
    let floor = FLOORS.iter().position(|rooms| rooms.contains(&&**room));
    Some(floor.unwrap_or_else(|| panic!("{room} has no floor")))
}

fn house() -> House {
    House::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// What goes up, told by both files, and how many uses were looked at.
fn upward(house: &House) -> (Vec<String>, usize) {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for (module, file) in house.files() {
        let Some(floor) = floor_of(module) else {
            continue; // lib.rs, which names them all.
        };
        for used in house.uses(module) {
            checked += 1;
            let is_below = floor_of(&used).is_some_and(|below| below < floor);
            if !is_below && used.first() != module.first() {
                wrong.push(format!("{} takes from {}", file.path, house.path(&used)));
            }
        }
    }
    (wrong, checked)
}

#[test]
fn files_take_only_from_below() {
    let house = house();
    let (wrong, checked) = upward(&house);
    assert!(checked > 200, "only {checked} uses were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!(
        "{} files use {checked} others, all beside or below them",
        house.files().count()
    );
}

#[test]
fn files_take_nothing_in_a_circle() {
    let house = house();
    let circles: Vec<Vec<&str>> = house
        .cycles()
        .iter()
        .map(|circle| circle.iter().map(|module| house.path(module)).collect())
        .collect();
    assert!(circles.is_empty(), "{circles:#?}");
    println!("{} files, no circle", house.files().count());
}

#[test]
fn state_machines_do_no_io_and_know_no_clock_and_no_chance() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    let house = house();
    for (module, file) in house.files() {
        let Some(floor) = floor_of(module) else {
            continue;
        };
        if floor >= SANS_IO {
            continue;
        }
        checked += 1;
        for ident in &file.names.idents {
            let room = &*module[0];
            if OUTSIDE.contains(&&**ident) && !MAY_NAME.contains(&(room, ident)) {
                wrong.push(format!("{} names {ident}", file.path));
            }
        }
    }
    assert!(checked > 40, "only {checked} files were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{checked} files name nothing of IO, clocks, tasks and chance");
}

/// The map shows what is there.
#[test]
fn architecture_page_names_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let quoted: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let is_path = |name: &&&str| {
        ["src/", "tests/", "benches/"]
            .iter()
            .any(|dir| name.starts_with(dir))
    };
    let paths: Vec<&&str> = quoted.iter().filter(is_path).collect();
    assert!(paths.len() > 80, "only {} paths were found", paths.len());
    let missing: Vec<_> = paths
        .iter()
        .filter(|path| !root.join(path).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    // Every room is on it.
    let house = house();
    let rooms = house.files().filter_map(|(module, _)| module.first());
    for room in rooms.filter(|room| *room != "docs") {
        assert!(page.contains(&format!("`src/{room}")), "{room} is missing");
    }
    println!("{} paths of ARCHITECTURE.md exist", paths.len());
}

/// The checks above can fail.
#[test]
fn the_checks_see_what_is_wrong() {
    let house = House::of(&[
        ("lib.rs", "pub use self::stream::Socket;"),
        (
            "wire/mod.rs",
            "mod header; pub(crate) use self::header::Header;",
        ),
        ("wire/header.rs", "use crate::Socket; pub struct Header;"),
        (
            "stream/mod.rs",
            "mod a; mod b; pub use self::a::Socket; use self::a::X;",
        ),
        (
            "stream/a.rs",
            "use super::b; use crate::{wire::{self, Header}, config::C as D};",
        ),
        (
            "stream/b.rs",
            "fn f() { super::a::g(); tokio::spawn(x.sleep()) }",
        ),
        (
            "config/mod.rs",
            "#[cfg(test)] mod tests { use crate::axum::Y; } pub struct C;",
        ),
    ]);
    let used: Vec<_> = house
        .uses(&vec!["stream".into(), "a".into()])
        .into_iter()
        .collect();
    let paths: Vec<_> = used.iter().map(|module| house.path(module)).collect();
    assert_eq!(
        paths,
        [
            "config/mod.rs",
            "stream/b.rs",
            "wire/mod.rs",
            "wire/header.rs"
        ]
    );
    assert_eq!(upward(&house).0, ["wire/header.rs takes from stream/a.rs"]);
    let circles = house.cycles();
    let paths: Vec<_> = circles
        .iter()
        .flatten()
        .map(|module| house.path(module))
        .collect();
    assert_eq!(paths, ["stream/a.rs", "stream/b.rs", "wire/header.rs"]);
    let (_, b) = house
        .files()
        .find(|(_, file)| file.path == "stream/b.rs")
        .unwrap();
    assert!(b.names.idents.contains(&"tokio".to_owned()));
    assert!(b.names.idents.contains(&"sleep".to_owned()));
}
