//! What those ask of a connection who have no handle on it: the application's `Connections`.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{conn::Conn, item::Item, shared::Shared};
use crate::{
    connections::{Control, Member, Seat},
    message::CloseFrame,
    observe::Stats,
    protocol::Loss,
};

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Shared<T> {
    /// It takes its seat, and does what was ordered before.
    pub(crate) fn join(self: &Arc<Self>, seat: Seat) {
        let connection = Arc::downgrade(self);
        let order = self.with(|conn| {
            let mut member = Member::new(seat);
            if conn.tasks().is_supervised() {
                member.begin_work();
            }
            *conn.member_mut() = member;
            conn.member().open(connection)
        });
        if let Some(order) = order {
            order.carry_out(&**self);
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Control for Shared<T> {
    fn close(&self, frame: CloseFrame) {
        self.with(|conn| {
            // What was published before comes before it, as far as there is room.
            conn.forward();
            conn.close_from_outside(frame);
            conn.write_unsupervised();
        });
    }

    fn cut(&self) {
        self.with(|conn| conn.lose(Item::Lost(Loss::Cut)));
    }

    fn stats(&self) -> Stats {
        self.with(|conn| conn.stats())
    }
}

impl<T> Conn<T> {
    /// Whoever waits is woken: a socket without a supervisor has to write our Close, and those who
    /// send, or wait for the end, are done.
    fn close_from_outside(&mut self, frame: CloseFrame) {
        // The frame was checked.
        let _ = self.start_close(Some(frame));
        self.tasks_mut().wake_everyone();
    }
}
