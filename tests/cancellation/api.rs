//! The futures of the public API, as the sources have them.

use std::{collections::BTreeSet, fs, path::Path};

use syn::{File, ImplItem, Item, ReturnType, Signature, Type, Visibility};

/// Traits whose methods wait.
const TRAITS: [&str; 5] = ["Future", "Stream", "Sink", "AsyncRead", "AsyncWrite"];

/// All that is public and waits: `Type::method`, `function` and `Trait for Type`, with the public
/// module before it if there is one.
pub(crate) fn futures() -> BTreeSet<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    read(&src, &src, &mut sources);
    of(&sources)
}

/// Of these files, each with its path.
fn of(sources: &[(String, String)]) -> BTreeSet<String> {
    // Also those that a macro defines.
    let is_public = |name: &str| {
        let heads = ["struct", "enum"].map(|kind| format!("pub {kind} {name}"));
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric());
        sources.iter().any(|(_, source)| {
            heads
                .iter()
                .any(|head| source.split(&**head).skip(1).any(ends))
        })
    };
    let mut found = BTreeSet::new();
    for (path, source) in sources {
        let file: File = syn::parse_file(source).expect("it compiles");
        let module = ["axum", "client"]
            .into_iter()
            .find(|module| path.starts_with(&format!("{module}/")));
        let prefix = module.map_or(String::new(), |module| format!("{module}::"));
        for item in file.items {
            match item {
                Item::Fn(function) if is_future(&function.vis, &function.sig) => {
                    found.insert(format!("{prefix}{}", function.sig.ident));
                }
                Item::Impl(block) => {
                    let Some(name) = last_of(&block.self_ty).filter(|name| is_public(name)) else {
                        continue;
                    };
                    if let Some((_, path, _)) = &block.trait_ {
                        let of = path.segments.last().unwrap().ident.to_string();
                        if TRAITS.contains(&&*of) {
                            found.insert(format!("{of} for {prefix}{name}"));
                        }
                        continue;
                    }
                    for item in block.items {
                        match item {
                            ImplItem::Fn(method) if is_future(&method.vis, &method.sig) => {
                                found.insert(format!("{prefix}{name}::{}", method.sig.ident));
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }
    found
}

fn is_future(vis: &Visibility, signature: &Signature) -> bool {
    let gives_future = || {
        let ReturnType::Type(_, output) = &signature.output else {
            return false;
        };
        let Type::ImplTrait(output) = &**output else {
            return false;
        };
        output.bounds.iter().any(|bound| match bound {
            syn::TypeParamBound::Trait(bound) => {
                bound.path.segments.last().unwrap().ident == "Future"
            }
            _ => false,
        })
    };
    matches!(vis, Visibility::Public(_)) && (signature.asyncness.is_some() || gives_future())
}

fn last_of(path: &Type) -> Option<String> {
    match path {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

fn read(src: &Path, dir: &Path, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().unwrap() == "tests" {
            continue;
        }
        if path.is_dir() {
            read(src, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(src).unwrap().to_str().unwrap();
            sources.push((name.to_owned(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// It finds all kinds, and nothing that is private.
#[test]
fn the_sources_are_read_as_they_are_written() {
    let source = "
        pub struct Open; struct Hidden; pub struct Openly;
        pin_project! { pub struct Projected<F> { f: F } }
        pub async fn one() {}
        pub(crate) async fn inner() {}
        pub fn no() {}
        impl Open {
            pub async fn two(&self) {}
            pub fn three(&self) -> impl Future<Output = ()> + Send { async {} }
            pub(super) async fn inner(&self) {}
            async fn private(&self) {}
            pub fn iter(&self) -> impl Iterator<Item = u8> {}
        }
        impl Hidden { pub async fn four(&self) {} }
        impl Future for Hidden {}
        impl<F> Future for Projected<F> {}
        impl Sink<u8> for Openly {}
    ";
    let found = of(&[("client/mod.rs".to_owned(), source.to_owned())]);
    let found: Vec<_> = found.iter().map(String::as_str).collect();
    assert_eq!(
        found,
        [
            "Future for client::Projected",
            "Sink for client::Openly",
            "client::Open::three",
            "client::Open::two",
            "client::one",
        ]
    );
}
