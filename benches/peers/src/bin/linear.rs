//! Checks that cost grows linearly: see README.md, or run it with `--help`.

use std::process::ExitCode;

use peers::{
    Error,
    growth::{Axis, Growth},
    options::{Memory, Options},
    process::allow_many_sockets,
    program,
    servers::{Kind, Server},
};

fn main() -> Result<ExitCode, Error> {
    let measured = |server: &Server| matches!(server.kind, Kind::Tcp | Kind::TowerWebsock);
    let defaults = Options {
        servers: Server::all().filter(measured).collect(),
        memory: Memory::Kept,
        // One server at a time, which leaves it all the open files.
        slices: 1,
        ..Options::default()
    };
    program::run("linear", defaults, check)
}

fn check(options: &Options) -> Result<ExitCode, Error> {
    let mut linear = true;
    for axis in Axis::all(allow_many_sockets()?) {
        if !options.wants(axis.name) {
            continue;
        }
        let growth = Growth::measure(axis, options);
        print!("{growth}");
        linear &= growth.is_linear();
    }
    Ok(if linear {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
