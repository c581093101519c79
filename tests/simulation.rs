//! Several kernels, virtual time, a faulty network: whatever happened, the halls agree in the end.
//!
//! A seed is a whole world and reproduces exactly. The environment says which worlds:
//!
//! | variable | meaning | unless set |
//! | --- | --- | --- |
//! | `STATEHALL_SEEDS` | how many | 2000 |
//! | `STATEHALL_FIRST_SEED` | from which on | 0 |
//! | `STATEHALL_PROFILE` | what kind, by a name of `Profile` | `default` |
//! | `STATEHALL_SEED` | only this one, and tell everything that happens in it | |

mod support;

use statehall::Value;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use support::sim::plan::{Plan, Profile};
use support::sim::statistics::Statistics;
use support::sim::{live, live_with};
use support::testref::TestRef;

/// From this many worlds on, everything that the generator is there for must have happened.
const COVERED_BY: u64 = 1_000;

/// More rounds of pings than this are a defect, even if everybody agrees in the end.
const ROUNDS_MAX: u64 = 3;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

fn profile() -> Profile {
    Profile::named(&std::env::var("STATEHALL_PROFILE").unwrap_or_else(|_| "default".to_owned()))
}

#[test]
fn halls_agree_whatever_happens() {
    if let Some(seed) = number("STATEHALL_SEED") {
        let mut statistics = Statistics::default();
        live(seed, profile(), true, &mut statistics);
        println!("simulation: seed {seed}: {statistics}");
        return;
    }
    let first = number("STATEHALL_FIRST_SEED").unwrap_or(0);
    let count = number("STATEHALL_SEEDS").unwrap_or(2_000);
    let began = Instant::now();
    let statistics = live_all(first..first + count, profile());
    println!("simulation: profile={:?} seconds={:.1} {statistics}", profile(), began.elapsed().as_secs_f64());
    if count >= COVERED_BY && profile() == Profile::Default {
        check_coverage(&statistics);
    }
    assert!(statistics.most_rounds() <= ROUNDS_MAX, "some worlds needed more than {ROUNDS_MAX} rounds of pings");
}

/// Lives through the seeds on all cores; the first that fails ends the test.
fn live_all(seeds: Range<u64>, profile: Profile) -> Statistics {
    let next = AtomicU64::new(seeds.start);
    let total = Mutex::new(Statistics::default());
    let failed = Mutex::new(None);
    let work = || {
        let mut statistics = Statistics::default();
        while failed.lock().is_ok_and(|failed| failed.is_none()) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !seeds.contains(&seed) {
                break;
            }
            let lived = catch_unwind(AssertUnwindSafe(|| live(seed, profile, false, &mut statistics)));
            if lived.is_err()
                && let Ok(mut failed) = failed.lock()
            {
                *failed = Some(seed);
            }
        }
        total.lock().expect("nobody panics with it").add(&statistics);
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    if let Some(seed) = failed.into_inner().expect("nobody panics with it") {
        let name = profile.name();
        panic!(
            "seed {seed} failed; STATEHALL_PROFILE={name} STATEHALL_SEED={seed} cargo test --test simulation tells how"
        );
    }
    total.into_inner().expect("nobody panics with it")
}

fn check_coverage(statistics: &Statistics) {
    let messages =
        ["ops", "hello", "diff", "ping", "bye", "fragments", "full", "repairs", "purged", "pruned", "strays"];
    let network = ["lost", "doubled", "cut", "overtaken", "deaf", "partitions"];
    let nodes =
        ["freezes-queue", "freezes-lose", "crashes", "begun-restored", "restores", "late-joins", "early-writes"];
    let others = ["clock-jumps", "pauses", "rejoins", "garbage", "snapshots", "lazy-hosts", "foretold"];
    let writes = ["puts", "hot-puts", "equal-puts", "conflicts", "deletes", "clears", "commits", "roll-backs"];
    for what in [&messages[..], &network, &nodes, &others, &writes].into_iter().flatten() {
        assert!(statistics.of(what) > 0, "{what} never happened, so it was not tested");
    }
}

#[test]
fn a_seed_is_a_whole_story() {
    for seed in 0..40 {
        let once = live(seed, Profile::Default, false, &mut Statistics::default());
        let again = live(seed, Profile::Default, false, &mut Statistics::default());
        assert_eq!(once, again, "seed {seed}");
    }
}

#[test]
fn the_kind_of_values_makes_no_difference_to_what_is_sent() {
    let diligent = (0..80).filter(|&seed| !Plan::draw(seed, Profile::Default).lazy_hosts);
    for seed in diligent {
        let plain = live_with::<Value>(seed, Profile::Default, false, &mut Statistics::default());
        let counted = live_with::<TestRef>(seed, Profile::Default, false, &mut Statistics::default());
        assert_eq!(plain, counted, "seed {seed}");
    }
}

#[test]
fn halls_agree_in_worlds_of_every_kind() {
    for profile in [Profile::NoPurge, Profile::Stale, Profile::Forgetful] {
        let statistics = live_all(0..500, profile);
        println!("simulation: profile={profile:?} {statistics}");
        assert!(statistics.most_rounds() <= ROUNDS_MAX, "{profile:?}: more than {ROUNDS_MAX} rounds of pings");
    }
}
