//! A hostile peer: frames that are well-formed and mean harm, from somebody who knows the protocol
//! and everything that was said. Whoever is on the channel is a member and may write and delete
//! what it likes; promised is that the harm is bounded, that it is told, and that what honest
//! sessions write goes on and comes to be the same everywhere.

#[path = "hostile/clocks.rs"]
mod clocks;
#[path = "hostile/floods.rs"]
mod floods;
#[path = "hostile/names.rs"]
mod names;
#[path = "hostile/quotas.rs"]
mod quotas;
#[path = "hostile/room.rs"]
mod room;
#[path = "hostile/seen.rs"]
mod seen;
mod support;

use statehall::order::Ordered;
use statehall::replica::causal::Causal;
use statehall::replica::cells::Written;
use statehall::replica::clock::{Hlc, Session};
use statehall::replica::frame::Message;
use std::time::Duration;

/// Longer than taking in a small frame may take, in a test that is not optimised, on a busy machine.
const MOMENT: Duration = Duration::from_millis(500);

/// An answer to a question.
fn answer<'a>(everything: bool, context: &Causal, cells: Vec<Written<'a>>) -> Message<'a> {
    Message::Diff { everything, context: context.clone(), purged: Ordered::default(), cells }
}

/// A context that has seen some sessions up to a time.
fn seen(sessions: impl IntoIterator<Item = Session>, unix_ms: u64) -> Causal {
    let mut context = Causal::default();
    for session in sessions {
        context.advance(session, Hlc::at_ms(unix_ms));
    }
    context
}
