//! Listings: what is structured and rare, as lists of texts, so that nothing but the outbox is needed to tell it.

use super::answer::Answer::{self, Texts};
use super::reference::Ref;
use crate::kernel::{Kernel, Limits, Usage};

/// The limits: of each its name and its number.
pub fn limits(limits: &Limits) -> Answer {
    named(&limits.list())
}

/// What a hall uses: of each its name and its number.
pub fn usage(usage: &Usage) -> Answer {
    let traffic = &usage.traffic;
    named(&[
        ("entries", usage.entries),
        ("tombstones", usage.tombstones),
        ("bytes", usage.bytes),
        ("watches", usage.watches),
        ("queued", usage.queued),
        ("sessions", usage.sessions),
        ("framesIn", traffic.frames_in),
        ("framesOut", traffic.frames_out),
        ("bytesIn", traffic.bytes_in),
        ("bytesOut", traffic.bytes_out),
        ("framesDropped", traffic.dropped),
        ("clockAhead", traffic.clock_ahead),
    ])
}

/// Who is here, this session first: of each its id, its agent, and when it was last heard.
pub fn sessions(kernel: &Kernel<Ref>, now: u64) -> Answer {
    let mut texts = vec![kernel.session().text(), String::from(&**kernel.agent()), now.to_string()];
    for (id, peer) in kernel.peers() {
        texts.extend([id.text(), String::from(&*peer.agent), peer.seen_ms.to_string()]);
    }
    Texts(texts)
}

fn named(numbers: &[(&str, u64)]) -> Answer {
    Texts(numbers.iter().flat_map(|&(name, number)| [name.to_owned(), number.to_string()]).collect())
}
