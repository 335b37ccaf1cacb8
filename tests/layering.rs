//! The house has floors: a file imports only from its own directory and from lower layers.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The layers from the ground up; neighbours in one do not import each other.
const LAYERS: [&[&str]; 8] = [
    // Files: what threads keep; how randomised tests run.
    &["wire", "pool", "randomised"],
    &["deflate"],
    &["message", "config"],
    &["protocol", "handshake"],
    &["stream"],
    &["upgrade", "client"],
    &["service"],
    &["axum"],
];

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The top-level modules that a source names behind `crate::`, grouped imports included.
fn imported_modules(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut modules = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => modules.push(std::mem::take(&mut name)),
                    c if depth == 0 => name.push(c),
                    _ => {}
                }
            }
            modules.push(name);
        } else {
            modules.push(rest.to_owned());
        }
    }
    modules
        .iter()
        .map(|path| {
            let path = path.trim_start();
            let end = path.find(|c: char| !c.is_alphanumeric() && c != '_');
            path[..end.unwrap_or(path.len())].to_owned()
        })
        .filter(|module| !module.is_empty())
        .collect()
}

/// What `lib.rs` re-exports, by the layer it comes from: `crate::WebSocket` is an import of `stream`.
fn reexports(lib: &str) -> Vec<(String, usize)> {
    let mut exports = Vec::new();
    for layer in LAYERS {
        for module in layer {
            let Some(at) = lib.find(&format!("    {module}::{{")) else {
                continue;
            };
            let list = &lib[at..at + lib[at..].find('}').unwrap()];
            let names = list.split(['{', ',']).skip(1).map(str::trim);
            let level = layer_of(module).unwrap();
            exports.extend(names.map(|name| (name.to_owned(), level)));
        }
    }
    exports
}

#[test]
fn imports_only_go_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let exports = reexports(&fs::read_to_string(src.join("lib.rs")).unwrap());
    assert!(exports.iter().any(|(name, _)| name == "WebSocket"));
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut checked = 0;
    for file in files {
        let path = file.strip_prefix(&src).unwrap();
        let Some(own) = path.parent().and_then(|dir| dir.iter().next()) else {
            continue; // lib.rs, which names them all.
        };
        let own = own.to_str().unwrap();
        let level = layer_of(own).unwrap_or_else(|| panic!("{own} has no layer"));
        for module in imported_modules(&fs::read_to_string(&file).unwrap()) {
            let imported = layer_of(&module).or_else(|| {
                let export = exports.iter().find(|(name, _)| *name == module);
                export.map(|(_, level)| *level)
            });
            let imported =
                imported.unwrap_or_else(|| panic!("{}: crate::{module}?", path.display()));
            assert!(
                module == own || imported < level,
                "{} imports crate::{module}, which is not below it",
                path.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} imports were found");
    println!("{checked} imports checked");
}

#[test]
fn the_check_sees_imports() {
    let source = "use crate::wire::Role;\nuse crate::{\n    config::{Config, X},\n    stream::Y,\n};\n// crate::no\ncrate::WebSocket";
    let modules = imported_modules(source);
    assert_eq!(modules, ["wire", "config", "stream", "WebSocket"]);
}
