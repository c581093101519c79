//! Kernels that have talked: what they said and stored, heard again by others in any order.

use crate::cases::each;
use crate::support::kind::measured;
use crate::support::rng::Rng;
use crate::support::stored::expired;
use crate::{at, state};
use statehall::kernel::{Command, Kernel, Limits, Options};
use statehall::{Key, Value};

/// Kernels that have written and talked, and everything that they said and stored meanwhile.
pub struct Past {
    pub kernels: Vec<Kernel<Value>>,
    /// Frames, each with the kernel that sent it.
    pub frames: Vec<(usize, Vec<u8>)>,
    pub snapshots: Vec<Vec<u8>>,
    pub ms: u64,
}

/// A kernel of the hall that the others are in.
pub fn kernel(seed: u64, tombstone_ms: u64, frame_bytes: u64) -> Kernel<Value> {
    let limits = Limits { frame_bytes, ..Limits::default() };
    let options =
        Options { name: "hall".into(), agent: "agent".into(), seed, limits, tombstone_ms, ..Options::default() };
    Kernel::new(options, ()).expect("right options")
}

/// A kernel that nobody has heard of.
fn stranger(seed: u64) -> Kernel<Value> {
    kernel(1_000 + seed, 600_000, 65_536)
}

fn command(rng: &mut Rng) -> Command<Value> {
    let key = Key::parse(rng.pick(&["a", "a/b", "b", "b/c/d", "e"])).expect("a key");
    let (origin, touch) = (rng.pick(&["one", "two"]).into(), rng.percent(10));
    if rng.percent(30) {
        return Command::Delete { key, origin, expect: None, touch };
    }
    let metadata = rng.percent(20).then(|| measured(&Value::from([("m", (rng.below(2) as i64).into())]), &()));
    let value = match rng.below(4) {
        0 => Value::from("long ".repeat(rng.index(60))),
        _ => Value::from(rng.below(4) as i64),
    };
    let ttl_ms = rng.percent(20).then(|| rng.between(1, 400));
    Command::Put { key, value: measured(&value, &()), metadata, origin, expect: None, ttl_ms, touch }
}

/// Draws a past. `tombstone_ms` says for how long the kernels remember what they deleted.
pub fn live(rng: &mut Rng, tombstone_ms: u64) -> Past {
    let frame_bytes = |rng: &mut Rng| rng.pick(&[128, 65_536]);
    let kernels = (0..rng.between(2, 4)).map(|seed| kernel(seed, tombstone_ms, frame_bytes(rng))).collect();
    let mut past = Past { kernels, frames: Vec::new(), snapshots: Vec::new(), ms: 0 };
    let (loss, steps) = (rng.pick(&[0, 20, 60]), rng.between(4, 30));
    past.kernels.iter_mut().filter(|_| rng.percent(60)).for_each(|kernel| kernel.join(at(0)));
    for _ in 0..steps {
        past.ms += rng.between(1, 60);
        let now = at(past.ms);
        let who = rng.index(past.kernels.len());
        match rng.below(12) {
            0 => past.kernels[who].join(now),
            1 => past.kernels[who].leave(),
            2 => past.snapshots.push(state(&mut past.kernels[who])),
            3 if !past.snapshots.is_empty() => {
                let snapshot = rng.index(past.snapshots.len());
                past.kernels[who].restore(&past.snapshots[snapshot], now).expect("a whole snapshot");
            }
            _ => drop(past.kernels[who].apply(command(rng), now.unix_ms).expect("a sound command")),
        }
        talk(&mut past, loss, rng);
    }
    past.snapshots.extend(past.kernels.iter_mut().map(state));
    past
}

/// Everybody says what is due; some of it gets lost.
fn talk(past: &mut Past, loss: u64, rng: &mut Rng) {
    for from in 0..past.kernels.len() {
        past.kernels[from].advance(at(past.ms));
        while let Some(frame) = past.kernels[from].next_frame() {
            for to in (0..past.kernels.len()).filter(|&to| to != from) {
                if !rng.percent(loss) {
                    past.kernels[to].receive(&frame, at(past.ms)).expect("a sound frame");
                }
            }
            past.frames.push((from, frame));
        }
    }
    for kernel in &mut past.kernels {
        while kernel.next_effect().is_some() {}
    }
}

/// What a reader sees of a hall, without its local revisions.
fn seen(kernel: &Kernel<Value>) -> Vec<String> {
    let entries = kernel.slots(None).into_iter().filter_map(|slot| Some((kernel.key(slot)?, kernel.entry_at(slot)?)));
    let entry = |(key, entry): (_, &statehall::state::entry::Entry<Value>)| {
        let (value, metadata, origin) = (&entry.value, &entry.metadata, &entry.origin);
        format!("{key:?} {value:?} {metadata:?} {origin} {} {:?}", entry.updated_ms, entry.expires_ms)
    };
    entries.map(entry).collect()
}

#[test]
fn what_was_said_and_stored_merges_in_any_order() {
    let mut entries = 0;
    each("what_was_said_and_stored_merges_in_any_order", 2_000, |rng| {
        let past = live(rng, 600_000);
        let frames = past.frames.iter().map(|(_, frame)| (false, frame));
        let mut deeds: Vec<_> = frames.chain(past.snapshots.iter().map(|snapshot| (true, snapshot))).collect();
        let doubled: Vec<_> = deeds.iter().filter(|_| rng.percent(30)).copied().collect();
        deeds.extend(doubled);
        let mut expected = None;
        for seed in 0..3 {
            let mut kernel = stranger(seed);
            for &(stored, bytes) in &deeds {
                let heard =
                    if stored { kernel.restore(bytes, at(past.ms)) } else { kernel.receive(bytes, at(past.ms)) };
                heard.expect("sound bytes");
            }
            let now = (state(&mut kernel), seen(&kernel));
            entries += now.1.len();
            assert!(*expected.get_or_insert_with(|| now.clone()) == now, "another order, another state");
            rng.shuffle(&mut deeds);
        }
    });
    assert!(entries > 0);
}

/// Also when what was deleted is forgotten by one and not by the other.
#[test]
fn two_snapshots_restore_in_either_order() {
    each("two_snapshots_restore_in_either_order", 3_000, |rng| {
        let tombstone_ms = rng.pick(&[20, 100, 600_000]);
        let past = live(rng, tombstone_ms);
        let now = at(past.ms);
        let mut pick = || &past.snapshots[rng.index(past.snapshots.len())];
        let (a, b) = (pick(), pick());
        let restored = |snapshots: [&Vec<u8>; 2], seed| {
            let mut kernel = stranger(seed);
            for snapshot in snapshots {
                kernel.restore(snapshot, now).expect("a whole snapshot");
            }
            kernel
        };
        assert_eq!(seen(&restored([a, b], 1)), seen(&restored([b, a], 2)));
        let left = expired(a, now.unix_ms);
        assert!(state(&mut restored([a, a], 3)) == left, "a new hall is what it restored");
    });
}

#[test]
fn restoring_again_changes_nothing() {
    each("restoring_again_changes_nothing", 2_000, |rng| {
        let tombstone_ms = rng.pick(&[20, 100, 600_000]);
        let mut past = live(rng, tombstone_ms);
        let now = at(past.ms);
        let snapshot = &past.snapshots[rng.index(past.snapshots.len())];
        for kernel in &mut past.kernels {
            kernel.restore(snapshot, now).expect("a whole snapshot");
            while kernel.next_effect().is_some() {}
            let before = (state(kernel), kernel.revision(), kernel.usage(), seen(kernel));
            kernel.restore(snapshot, now).expect("a whole snapshot");
            assert!((state(kernel), kernel.revision(), kernel.usage(), seen(kernel)) == before);
            assert!(!kernel.has_effects());
        }
    });
}

#[test]
fn the_same_seed_and_commands_give_the_same_bytes() {
    each("the_same_seed_and_commands_give_the_same_bytes", 300, |rng| {
        let again = &mut rng.clone();
        let (one, other) = (live(rng, 100), live(again, 100));
        assert!(one.frames == other.frames && one.snapshots == other.snapshots);
    });
}
