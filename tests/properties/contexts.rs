//! Contexts as replicas make them, by hearing, joining and forgetting in any order, and contexts
//! that only somebody unsound would send.

use crate::cases::each;
use crate::support::rng::Rng;
use crate::{bytes, damage, joined};
use statehall::codec::Reader;
use statehall::replica::causal::Causal;
use statehall::replica::clock::{Hlc, Session, Stamp};

/// Of some sessions all the writes that they have told of, in order.
type Chains = Vec<Vec<Hlc>>;

fn chains(rng: &mut Rng) -> Chains {
    let chain = |rng: &mut Rng| {
        let mut last = 0;
        let mut next = |rng: &mut Rng| {
            last += rng.between(1, 6);
            Hlc(last)
        };
        (0..rng.between(1, 12)).map(|_| next(rng)).collect()
    };
    (0..rng.between(1, 5)).map(|_| chain(rng)).collect()
}

fn session(index: usize) -> Session {
    Session(index as u64 + 1)
}

fn stamps(chains: &Chains) -> impl Iterator<Item = Stamp> {
    let of = |(index, chain): (usize, &Vec<Hlc>)| {
        chain.iter().map(|&hlc| Stamp { hlc, session: session(index) }).collect::<Vec<_>>()
    };
    chains.iter().enumerate().flat_map(of)
}

/// Hears some of a session's writes in one message, as a replica does.
fn hear(causal: &mut Causal, chains: &Chains, rng: &mut Rng) {
    let index = rng.index(chains.len());
    let (session, chain) = (session(index), &chains[index]);
    let first = rng.index(chain.len());
    let told = &chain[first..=first + rng.index(chain.len() - first).min(2)];
    let mut previous = if first == 0 { Hlc::default() } else { chain[first - 1] };
    if previous <= causal.bound(session) {
        causal.advance(session, told[told.len() - 1]);
        causal.compact();
        return;
    }
    for &hlc in told {
        causal.note(Stamp { hlc, session }, previous);
        previous = hlc;
    }
}

/// What some replicas know after they have heard, joined and forgotten this and that.
fn lives(chains: &Chains, rng: &mut Rng) -> Vec<Causal> {
    let mut lives = vec![Causal::default(); 4];
    let forgetful = rng.percent(40);
    for _ in 0..rng.between(4, 60) {
        let who = rng.index(lives.len());
        match rng.below(10) {
            0 => {
                let other = lives[rng.index(lives.len())].clone();
                lives[who].join(&other);
            }
            1 if forgetful => lives[who].prune(rng.below(4) as usize, Hlc(rng.below(40))),
            _ => hear(&mut lives[who], chains, rng),
        }
    }
    lives
}

/// Lacking is exactly what a join would change, and a join covers exactly what either side does:
/// the higher floor covers as much after the join as before it.
#[test]
fn lived_contexts_join_without_loss() {
    let mut strays = 0;
    each("lived_contexts_join_without_loss", 10_000, |rng| {
        let chains = chains(rng);
        let lives = lives(&chains, rng);
        let (a, b, c) = (&lives[0], &lives[1], &lives[2]);
        let ab = joined(a, b);
        assert_eq!((&ab, ab.hash()), (&joined(b, a), joined(b, a).hash()), "commutative: {a:?} {b:?}");
        assert_eq!(joined(&ab, c), joined(a, &joined(b, c)), "associative: {a:?} {b:?} {c:?}");
        assert_eq!((&joined(a, a), &joined(&ab, a), &joined(&ab, &ab)), (a, &ab, &ab), "idempotent: {a:?} {b:?}");
        assert_eq!(a.lacks(b), ab != *a, "{a:?} {b:?}");
        assert!(!ab.lacks(a) && !ab.lacks(b));
        for stamp in stamps(&chains) {
            assert_eq!(ab.covers(stamp), a.covers(stamp) || b.covers(stamp), "{stamp:?}: {a:?} {b:?}");
        }
        strays += ab.strays();
    });
    assert!(strays > 0, "nothing was ever out of order");
}

#[test]
fn lived_contexts_are_in_normal_form() {
    each("lived_contexts_are_in_normal_form", 10_000, |rng| {
        let chains = chains(rng);
        let lives = lives(&chains, rng);
        for causal in &lives {
            let mut compacted = causal.clone();
            compacted.compact();
            assert_eq!(compacted, *causal, "there is nothing to dissolve");
            let whole = bytes(causal);
            assert_eq!(Causal::read(&mut Reader::new(&whole)).as_ref(), Ok(causal));
            assert!((0..whole.len()).all(|end| Causal::read(&mut Reader::new(&whole[..end])).is_err()), "cut short");
            let (max, latest) = (rng.below(4) as usize, Hlc(rng.below(80)));
            let mut pruned = causal.clone();
            pruned.prune(max, latest);
            assert!(pruned.floor() == causal.floor() || pruned.floor() <= latest);
            let lost = |&stamp: &Stamp| causal.covers(stamp) && !pruned.covers(stamp);
            assert_eq!(stamps(&chains).find(lost), None, "{causal:?} pruned to {max}, {latest:?}");
            assert!(!pruned.lacks(causal));
            for other in &lives {
                assert_eq!(causal == other, causal.hash() == other.hash(), "{causal:?} {other:?}");
            }
        }
    });
}

/// Whoever sent it: what was joined can be told and read again, and loses nothing.
#[test]
fn unsound_contexts_are_refused_or_join_to_sound_ones() {
    let mut read = 0;
    each("unsound_contexts_are_refused_or_join_to_sound_ones", 10_000, |rng| {
        let chains = chains(rng);
        let lives = lives(&chains, rng);
        let mut own = lives[0].clone();
        for causal in &lives {
            let mut damaged = bytes(causal);
            for _ in 0..rng.between(1, 3) {
                // What is left of damage may be nothing at all.
                damaged = if damaged.is_empty() { vec![0] } else { damage(&damaged, rng) };
            }
            let mut reader = Reader::new(&damaged);
            let Ok(unsound) = Causal::read(&mut reader) else { continue };
            read += 1;
            assert_eq!(bytes(&unsound), damaged[..damaged.len() - reader.left()], "one encoding");
            let before = own.clone();
            own.join(&unsound);
            assert!(!own.lacks(&before) && !own.lacks(&unsound), "{before:?} {unsound:?}");
            // As a replica does before it sends or stores.
            own.compact();
            let whole = bytes(&own);
            assert_eq!(Causal::read(&mut Reader::new(&whole)).as_ref(), Ok(&own), "{before:?} {unsound:?}");
        }
    });
    assert!(read > 0, "no damage was ever readable");
}
