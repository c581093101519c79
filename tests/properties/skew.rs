//! Clocks that are wrong by days: whoever has one may miss something, but nobody else does.

use crate::cases::each;
use crate::kernels::kernel;
use crate::support::kind::measured;
use crate::support::rng::Rng;
use statehall::kernel::{Command, Kernel, Time};
use statehall::{Key, Value};

const NOW_MS: u64 = 1_700_000_000_000;
const HOUR_MS: u64 = 3_600_000;
const KEYS: [&str; 4] = ["a", "b", "c/d", "e"];

/// Three sessions; the clock of the last is behind for a while.
struct Hall {
    kernels: Vec<Kernel<Value>>,
    behind_ms: u64,
    ms: u64,
}

impl Hall {
    fn time(&self, who: usize) -> Time {
        let behind_ms = if who + 1 == self.kernels.len() { self.behind_ms } else { 0 };
        Time { unix_ms: NOW_MS + self.ms - behind_ms, monotonic_ms: self.ms }
    }

    fn put(&mut self, who: usize, key: &str, value: u64) {
        let (key, value) = (Key::parse(key).expect("a key"), measured(&Value::from(value as i64), &()));
        let origin = "test".into();
        let put = Command::Put { key, value, metadata: None, origin, expect: None, ttl_ms: None, touch: false };
        let now = self.time(who);
        self.kernels[who].apply(put, now.unix_ms).expect("a sound command");
    }

    /// Everything that is said is heard, for some time.
    fn talk(&mut self, for_ms: u64) {
        for _ in 0..for_ms / 50 {
            self.ms += 50;
            for from in 0..self.kernels.len() {
                let now = self.time(from);
                self.kernels[from].advance(now);
                while let Some(frame) = self.kernels[from].next_frame() {
                    for to in (0..self.kernels.len()).filter(|&to| to != from) {
                        let now = self.time(to);
                        self.kernels[to].receive(&frame, now).expect("a sound frame");
                    }
                }
                while self.kernels[from].next_effect().is_some() {}
            }
        }
    }

    fn values(&self, who: usize) -> Vec<Option<i64>> {
        KEYS.iter().map(|key| self.kernels[who].entry(key).and_then(|entry| entry.value.as_integer())).collect()
    }
}

fn hall(rng: &mut Rng) -> Hall {
    let kernels = (0..3).map(|seed| kernel(rng.number() ^ seed, 600_000, 65_536)).collect();
    // At 24 hours it begins to leave out what the others write.
    Hall { kernels, behind_ms: rng.between(20, 80) * HOUR_MS, ms: 0 }
}

/// What a session leaves out it has not seen. If it said that it had, the others would take it for
/// deleted.
#[test]
fn a_clock_far_behind_deletes_nothing_elsewhere() {
    each("a_clock_far_behind_deletes_nothing_elsewhere", 40, |rng| {
        let mut hall = hall(rng);
        let late = rng.percent(50);
        for who in 0..if late { 2 } else { 3 } {
            let now = hall.time(who);
            hall.kernels[who].join(now);
        }
        let mut expected = [None; KEYS.len()];
        for n in 0..rng.between(1, 8) {
            let (who, key) = (rng.index(2), rng.index(KEYS.len()));
            hall.put(who, KEYS[key], n);
            expected[key] = Some(n as i64);
            hall.talk(rng.between(0, 1_000));
        }
        if late {
            let now = hall.time(2);
            hall.kernels[2].join(now);
        }
        hall.talk(70_000);
        assert_eq!((hall.values(0), hall.values(1)), (expected.to_vec(), expected.to_vec()), "{} ms", hall.behind_ms);
        // Its clock is set right, and it hears again what it left out.
        hall.behind_ms = 0;
        hall.talk(70_000);
        assert_eq!(hall.values(2), expected, "once its clock is right");
    });
}
