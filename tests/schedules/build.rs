//! Has the crate take what the checker knows.

fn main() {
    println!("cargo::rustc-cfg=tower_websock_schedules");
    println!("cargo::rerun-if-changed=build.rs");
}
