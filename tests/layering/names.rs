//! The names that a source file takes from elsewhere.

use syn::{
    Attribute, File, Item, ItemUse, Path, UseTree, Visibility,
    visit::{self, Visit},
};

/// A path that a file names, as `["crate", "wire", "Role"]`.
pub(crate) type Name = Vec<String>;

/// What a file names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// What it uses.
    pub(crate) used: Vec<Name>,
    /// What it passes on to others under a name: `pub use`, whatever the visibility.
    pub(crate) passed_on: Vec<(String, Name)>,
    /// Identifiers of every kind, in paths and calls of methods.
    pub(crate) idents: Vec<String>,
}

impl Names {
    pub(crate) fn of(source: &str) -> Self {
        let file: File = syn::parse_file(source).expect("it compiles");
        let mut names = Self::default();
        names.visit_file(&file);
        names
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_of_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut found = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut found);
        self.idents
            .extend(found.iter().flat_map(|(_, name)| name.clone()));
        if matches!(item.vis, Visibility::Inherited) {
            self.used.extend(found.into_iter().map(|(_, name)| name));
        } else {
            self.passed_on.extend(found);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let name: Name = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.idents.extend(name.iter().cloned());
        if name.len() > 1 && ["crate", "self", "super"].contains(&&*name[0]) {
            self.used.push(name);
        }
        visit::visit_path(self, path);
    }

    /// It says who may use an item, and uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.idents.push(call.method.to_string());
        visit::visit_expr_method_call(self, call);
    }
}

/// `#[cfg(test)]`, or a condition with it.
fn is_of_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Ident>()
                .is_ok_and(|condition| condition == "test")
    })
}

/// All paths of a tree, with the name that each has here.
fn flatten(tree: &UseTree, prefix: &mut Name, found: &mut Vec<(String, Name)>) {
    let mut leaf = |ident: &syn::Ident, alias: &syn::Ident, prefix: &Name| {
        let mut name = prefix.clone();
        let mut alias = alias.to_string();
        if ident == "self" {
            alias = name.last().cloned().unwrap_or_default();
        } else {
            name.push(ident.to_string());
        }
        found.push((alias, name));
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, found);
            prefix.pop();
        }
        UseTree::Name(name) => leaf(&name.ident, &name.ident, prefix),
        UseTree::Rename(rename) => leaf(&rename.ident, &rename.rename, prefix),
        UseTree::Glob(_) => found.push(("*".to_owned(), prefix.clone())),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, found);
            }
        }
    }
}
