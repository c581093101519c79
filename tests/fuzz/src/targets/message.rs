//! One kernel, to which anybody sends anything: whole messages and parts of them, sound, forged and
//! damaged. An input is a sequence of deeds, each done to a kernel of every kind of values.

use super::forge::{Forge, KEYS};
use super::frame::sealed;
use super::hall::{HALL, Hall, limits};
use super::held::Held;
use super::source::Source;
use crate::support::kind::Kind;
use crate::support::testref::TestRef;
use statehall::Value;
use statehall::codec::hash;
use statehall::replica::clock::Session;
use statehall::replica::frame::{Frame, VERSION};

/// More deeds would only take longer.
const DEEDS_MAX: u64 = 48;

/// Does the target's work.
pub fn run(bytes: &[u8]) {
    let plain = story::<Value>(bytes);
    assert!(plain == story::<TestRef>(bytes), "the kind of values makes no difference to what is sent and stored");
    assert!(plain == story::<Held>(bytes), "nor does the component's");
}

/// Everything that a kernel has sent and stored in the end.
fn story<V: Kind>(bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut source = Source::new(bytes);
    let small = source.one_in(2);
    let mut hall = Hall::<V>::new(1, limits(small));
    let victim = hall.kernel.session();
    let sessions = [victim, Session(1), Session(2), Session(u64::MAX)];
    let mut frames = Vec::new();
    for message in 0..DEEDS_MAX {
        if source.is_empty() {
            break;
        }
        if source.one_in(3) {
            hall.deed(&KEYS, &mut source, &mut frames);
            continue;
        }
        let forge = Forge { sessions, unix_ms: hall.now.unix_ms };
        let from = source.pick(&[Session(1), Session(2), Session(u64::MAX)]);
        let payload = forge.message(from, &mut source);
        for frame in cut(from, victim, message, &payload, &mut source) {
            // What a refusal leaves behind is checked there.
            let _ = hall.receive(&frame);
        }
    }
    (frames, hall.end())
}

/// The frames of a message: whole, or in parts of which some come twice, too late or never.
fn cut(from: Session, victim: Session, message: u64, payload: &[u8], source: &mut Source<'_>) -> Vec<Vec<u8>> {
    let to = source.pick(&[Session(0), Session(0), victim, Session(2)]);
    let version = source.pick(&[VERSION, VERSION, VERSION + 1, 0]);
    let room = source.pick(&[usize::MAX, usize::MAX, 40, 7]);
    let parts = payload.len().div_ceil(room).max(1) as u64;
    let pieces = payload.chunks(room.min(payload.len().max(1))).take(16).zip(0..);
    let write =
        |(payload, part)| Frame { version, from, to, message, part, parts, payload }.write(hash(HALL.as_bytes()));
    let mut frames: Vec<_> = pieces.map(write).collect();
    match source.below(12) {
        0 => frames.reverse(),
        1 => frames.truncate(frames.len() / 2),
        2 => frames.extend(frames.clone()),
        3 => damage(&mut frames, source),
        _ => {}
    }
    frames
}

/// Changes a byte of a frame, whose checksum is then right again or wrong.
fn damage(frames: &mut [Vec<u8>], source: &mut Source<'_>) {
    let Some(frame) = frames.last_mut() else { return };
    let at = source.index(frame.len());
    frame[at] ^= source.byte();
    if source.one_in(2) {
        frame.truncate(frame.len() - 8);
        *frame = sealed(std::mem::take(frame));
    }
}
