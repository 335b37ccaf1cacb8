//! What is published: Markdown tables and a chart.

mod chart;
mod machine;
mod overview;
mod published;
mod tables;

use std::path::Path;

pub use self::{machine::hardware, published::write_fanout};
use crate::{
    Error,
    load::{Connects, Echoed, Idle},
    options::Options,
    rounds::Table,
};

/// Writing to a `String` does not fail.
macro_rules! line {
    ($to:expr, $($arg:tt)*) => {
        let _ = writeln!($to, $($arg)*);
    };
}
use line;

/// Everything that was measured; what was not is empty or `None`.
#[derive(Clone, Debug, Default)]
pub struct Results {
    pub echoes: Vec<Table<Echoed>>,
    /// With permessage-deflate.
    pub deflate: Vec<Table<Echoed>>,
    /// Over HTTP/2, beside the first server.
    pub http2: Vec<Table<Echoed>>,
    pub connects: Option<Table<Connects>>,
    pub idle: Option<Table<Idle>>,
}

impl Results {
    /// The tables, without the machine.
    pub fn markdown(&self) -> String {
        tables::markdown(self)
    }

    /// Writes `RESULTS.md` and `results.svg`.
    pub fn write(&self, to: &Path, options: &Options) -> Result<(), Error> {
        let text = format!(
            "# Results\n\n{}\n![server CPU per message, times raw TCP](results.svg)\n\n{}",
            machine::markdown(options)?,
            self.markdown()
        );
        published::write_comparison(to, &text)?;
        chart::draw(self, &to.join("results.svg"))
    }
}
