//! Snapshots that anybody may have made, restored into an open hall: refused without a trace, or
//! taken in, and then again without a difference. An input is some deeds and a snapshot.

use super::forge::{Forge, KEYS};
use super::frame::sealed;
use super::hall::{Hall, limits};
use super::held::Held;
use super::source::Source;
use crate::support::kind::Kind;
use crate::support::testref::TestRef;
use statehall::Value;
use statehall::replica::clock::Session;

/// Does the target's work.
pub fn run(bytes: &[u8]) {
    let plain = story::<Value>(bytes);
    assert!(plain == story::<TestRef>(bytes), "the kind of values makes no difference to what is stored");
    assert!(plain == story::<Held>(bytes), "nor does the component's");
}

fn story<V: Kind>(bytes: &[u8]) -> Vec<u8> {
    let mut source = Source::new(bytes);
    let small = source.one_in(2);
    let (mut hall, mut frames) = (Hall::<V>::new(1, limits(small)), Vec::new());
    for _ in 0..source.below(8) {
        hall.deed(&KEYS, &mut source, &mut frames);
    }
    for _ in 0..=source.below(2) {
        let snapshot = snapshot::<V>(&hall, &mut source);
        if hall.restore(&snapshot).is_ok() {
            let (state, revision, usage) = (hall.snapshot(), hall.kernel.revision(), hall.kernel.usage());
            hall.restore(&snapshot).expect("what was taken in once");
            let again = (hall.snapshot(), hall.kernel.revision(), hall.kernel.usage());
            // Writes left out for their time are counted each time.
            let mut expected = usage;
            expected.traffic.clock_ahead = again.2.traffic.clock_ahead;
            assert!(again == (state, revision, expected), "restored twice is restored once");
        }
        if source.one_in(2) {
            hall.deed(&KEYS, &mut source, &mut frames);
        }
    }
    hall.end()
}

/// A snapshot: forged, real and then damaged, or just bytes.
fn snapshot<V: Kind>(hall: &Hall<V>, source: &mut Source<'_>) -> Vec<u8> {
    let (session, unix_ms) = (hall.kernel.session(), hall.now.unix_ms);
    let forge = Forge { sessions: [session, Session(1), Session(2), Session(u64::MAX)], unix_ms };
    let (magic, version) = (b"hall".to_vec(), if source.one_in(16) { source.byte() } else { 1 });
    match source.below(4) {
        0 => source.bytes().to_vec(),
        1 => sealed([magic, vec![version], source.bytes().to_vec()].concat()),
        2 => sealed([magic, vec![version], forge.state(source)].concat()),
        _ => {
            let (mut other, mut frames) = (Hall::<V>::new(2, limits(false)), Vec::new());
            for _ in 0..source.below(8) {
                other.deed(&KEYS, source, &mut frames);
            }
            let mut real = other.snapshot();
            for _ in 0..source.below(3) {
                let at = source.index(real.len());
                real[at] ^= source.byte();
            }
            if source.one_in(2) {
                real.truncate(real.len() - 8);
                real = sealed(real);
            }
            real
        }
    }
}
