//! What the measuring programs begin with.

use std::{env, process::ExitCode};

use crate::{
    Error,
    options::Options,
    process::{SERVE, pin_client},
    servers::Server,
};

/// Serves, if this process was started for that. Otherwise runs `measure` with the options
/// of the command line, and `defaults` for the rest.
pub fn run(
    name: &str,
    defaults: Options,
    measure: impl FnOnce(&Options) -> Result<ExitCode, Error>,
) -> Result<ExitCode, Error> {
    let mut args = env::args().skip(1).peekable();
    if args.next_if(|arg| arg == SERVE).is_some() {
        Server::parse(args)?.run()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut options = match defaults.parse(args) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{name}: {error}");
            return Ok(ExitCode::from(2));
        }
    };
    options.pinned = options.pinned && pin_client()?;
    measure(&options)
}
