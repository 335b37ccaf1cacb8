//! A client that connects again: [`Reconnecting`]. [`Event`]s are what it yields, a [`Decision`] is
//! what follows a [`Cause`], and [`Retry`] sets the default.

// | file | what it holds |
// |---|---|
// | `socket`, `driver` | the type, and what is done when it is polled |
// | `link`, `connector` | one connection after the other, and what opens them |
// | `decision`, `retry`, `retry_after` | what follows a failure: a pure function |
// | `pace` | how often it has failed, and since when |
// | `unsent` | what was sent and may not have left |
// | `news`, `wakers` | what was not received yet, and who waits |

mod builder;
mod cause;
mod connector;
mod decision;
mod driver;
mod event;
mod link;
mod news;
mod pace;
mod retry;
mod retry_after;
mod send_error;
mod socket;
#[cfg(test)]
mod tests;
mod unsent;
mod wakers;

pub use self::{
    builder::{NextRequest, ReconnectingBuilder, Requests},
    cause::Cause,
    connector::Connector,
    decision::Decision,
    event::{Attempt, Event, State, Stopped},
    retry::Retry,
    send_error::SendError,
    socket::Reconnecting,
};
