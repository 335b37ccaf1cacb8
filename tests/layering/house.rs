//! The files of a crate, and which takes what from which.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::names::{Name, Names};

/// A module: `["stream", "connection"]`; the crate's root is empty.
pub(crate) type Module = Vec<String>;

/// All files of a crate but those of tests.
#[derive(Debug, Default)]
pub(crate) struct House {
    files: BTreeMap<Module, File>,
}

#[derive(Debug)]
pub(crate) struct File {
    /// Relative to `src`.
    pub(crate) path: String,
    pub(crate) names: Names,
}

impl House {
    /// Reads the files under `src`.
    pub(crate) fn read(src: &Path) -> Self {
        let mut house = Self::default();
        house.enter(src, src);
        house
    }

    /// From the text of files, for tests of the tests.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let mut house = Self::default();
        for (path, source) in files {
            house.add(path, source);
        }
        house
    }

    fn enter(&mut self, src: &Path, dir: &Path) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap();
            if name == "tests" || name == "randomised" {
                continue;
            }
            if path.is_dir() {
                self.enter(src, &path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path).unwrap();
                self.add(path.strip_prefix(src).unwrap().to_str().unwrap(), &source);
            }
        }
    }

    fn add(&mut self, path: &str, source: &str) {
        let names = path.trim_end_matches(".rs").split('/');
        let mut module: Module = names.map(str::to_owned).collect();
        if ["mod", "lib"].contains(&&**module.last().unwrap()) {
            module.pop();
        }
        let file = File {
            path: path.to_owned(),
            names: Names::of(source),
        };
        self.files.insert(module, file);
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (&Module, &File)> {
        self.files.iter()
    }

    pub(crate) fn path(&self, module: &Module) -> &str {
        &self.files[module].path
    }

    /// The modules whose files define what `module` uses, itself left out.
    pub(crate) fn uses(&self, module: &Module) -> BTreeSet<Module> {
        let used = &self.files[module].names.used;
        let defined = used
            .iter()
            .filter_map(|name| self.definition(module, name, 0));
        defined.filter(|other| other != module).collect()
    }

    /// Where what `module` calls `name` is defined; `None` if in another crate.
    fn definition(&self, module: &Module, name: &Name, depth: usize) -> Option<Module> {
        assert!(depth < 20, "{module:?}: {name:?} is passed on in a circle");
        let mut at = module.clone();
        let mut rest = name.iter().peekable();
        match rest.next()?.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop();
            }
            first => {
                // A module beside what is said, else another crate.
                at.push(first.to_owned());
                if !self.files.contains_key(&at) {
                    return None;
                }
            }
        }
        while let Some(part) = rest.peek() {
            if *part == "super" {
                at.pop();
            } else {
                at.push((*part).clone());
                if !self.files.contains_key(&at) {
                    at.pop();
                    break;
                }
            }
            rest.next();
        }
        let item = rest.next();
        // `#[path]`: a module may stand in a file of another name; what it passes on tells.
        let passed_on = &self.files.get(&at)?.names.passed_on;
        let origin = item.and_then(|item| passed_on.iter().find(|(alias, _)| alias == item));
        match origin {
            Some((_, name)) => self.definition(&at, name, depth + 1).or(Some(at)),
            None => Some(at),
        }
    }

    /// Files that use each other in a circle, each such group once.
    pub(crate) fn cycles(&self) -> Vec<Vec<Module>> {
        let uses: BTreeMap<_, _> = self.files.keys().map(|m| (m, self.uses(m))).collect();
        let reached: BTreeMap<_, _> = self.files.keys().map(|m| (m, reach(m, &uses))).collect();
        let mut groups = BTreeSet::new();
        for (module, others) in &reached {
            let circle: Vec<Module> = others
                .iter()
                .filter(|other| reached[other].contains(*module))
                .cloned()
                .collect();
            if circle.len() > 1 {
                groups.insert(circle);
            }
        }
        groups.into_iter().collect()
    }
}

/// All that can be come to from a module, itself only if in a circle.
fn reach(from: &Module, uses: &BTreeMap<&Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut left: Vec<&Module> = vec![from];
    while let Some(module) = left.pop() {
        for next in &uses[module] {
            if reached.insert(next.clone()) {
                left.push(next);
            }
        }
    }
    reached
}
