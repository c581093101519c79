//! Frames and snapshots of real kernels, damaged: what a kernel refuses leaves no trace and is
//! counted, and what it takes in does not keep it from going on.

use crate::cases::each;
use crate::kernels::{kernel, live};
use crate::support::rng::Rng;
use crate::{at, damage, resealed, state};
use statehall::kernel::{Kernel, Usage};
use statehall::{Code, Value};

/// Everything that a refusal may not change.
fn trace(kernel: &mut Kernel<Value>) -> (Vec<u8>, u64, Usage) {
    let mut usage = kernel.usage();
    // How many came in is counted whatever became of them.
    let traffic = &mut usage.traffic;
    (traffic.dropped, traffic.frames_in, traffic.bytes_in) = (0, 0, 0);
    (state(kernel), kernel.revision(), usage)
}

fn drain(kernel: &mut Kernel<Value>) {
    while kernel.next_effect().is_some() {}
    while kernel.next_frame().is_some() {}
}

/// The beginning of one and the end of another.
fn spliced(a: &[u8], b: &[u8], rng: &mut Rng) -> Vec<u8> {
    [&a[..rng.index(a.len() + 1)], &b[rng.index(b.len() + 1)..]].concat()
}

/// Damages bytes that end with a checksum, which in half of the cases is made to be right again.
fn damaged(a: &[u8], b: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut changed = match rng.below(8) {
        0 => {
            let length = rng.index(300);
            rng.bytes(length)
        }
        1 | 2 => spliced(a, b, rng),
        _ => damage(a, rng),
    };
    if changed.len() >= 8 && rng.percent(50) {
        changed = resealed(&changed, |_| {});
    } else if rng.percent(50) {
        changed = resealed(a, |body| *body = damage(body, rng));
    }
    changed
}

#[test]
fn damaged_frames_of_real_kernels_leave_no_trace() {
    let (mut refused, mut taken) = (0, 0);
    each("damaged_frames_of_real_kernels_leave_no_trace", 1_000, |rng| {
        let mut past = live(rng, 200);
        let victim = &mut past.kernels[0];
        victim.join(at(past.ms));
        let frames: Vec<_> = past.frames.iter().filter(|(from, _)| *from != 0).map(|(_, frame)| frame).collect();
        if frames.is_empty() {
            return;
        }
        for n in 0..60 {
            let now = at(past.ms + n);
            if rng.percent(10) {
                victim.advance(now);
            }
            drain(victim);
            let mut pick = || frames[rng.index(frames.len())];
            let (a, b) = (pick(), pick());
            let bytes = if rng.percent(10) { a.clone() } else { damaged(a, b, rng) };
            let (before, dropped) = (trace(victim), victim.usage().traffic.dropped);
            match victim.receive(&bytes, now) {
                Ok(()) => {
                    assert_eq!(victim.usage().traffic.dropped, dropped);
                    taken += 1;
                }
                Err(error) => {
                    assert!(matches!(error.code, Code::InvalidFrame | Code::PeerVersion | Code::Limit), "{error}");
                    assert!(
                        trace(victim) == before && !victim.has_effects() && victim.next_frame().is_none(),
                        "{error}"
                    );
                    assert_eq!(victim.usage().traffic.dropped, dropped + 1, "{error}");
                    refused += 1;
                }
            }
        }
    });
    assert!(refused > 0 && taken > 0, "both happen: {refused}, {taken}");
}

/// Every cut and every change of a byte; then the same with a right checksum.
#[test]
fn damaged_snapshots_of_real_kernels_leave_no_trace() {
    each("damaged_snapshots_of_real_kernels_leave_no_trace", 30, |rng| {
        let mut past = live(rng, 100);
        let snapshot = &past.snapshots[rng.index(past.snapshots.len())];
        let victim = &mut past.kernels[0];
        drain(victim);
        let (before, now) = (trace(victim), at(past.ms));
        let refuse = |victim: &mut Kernel<Value>, bytes: &[u8], code| {
            assert_eq!(victim.restore(bytes, now).map_err(|error| error.code), Err(code));
            assert!(trace(victim) == before && !victim.has_effects());
        };
        for end in 0..snapshot.len() {
            refuse(victim, &snapshot[..end], Code::InvalidSnapshot);
            let mut changed = snapshot.clone();
            changed[end] ^= rng.between(1, 255) as u8;
            refuse(victim, &changed, Code::InvalidSnapshot);
            if end >= 8 && end + 1 < snapshot.len() {
                refuse(victim, &resealed(&snapshot[..end], |_| {}), Code::InvalidSnapshot);
            }
        }
        for version in 2..=255 {
            refuse(victim, &resealed(snapshot, |body| body[4] = version), Code::NewerVersion);
        }
        if let Some((_, frame)) = past.frames.first() {
            refuse(victim, frame, Code::InvalidSnapshot);
        }
    });
}

#[test]
fn snapshots_with_a_right_checksum_are_refused_whole_or_taken_in() {
    let (mut refused, mut taken) = (0, 0);
    each("snapshots_with_a_right_checksum_are_refused_whole_or_taken_in", 500, |rng| {
        let past = live(rng, 100);
        for _ in 0..20 {
            let mut victim = kernel(77, 100, 65_536);
            let mut pick = || past.snapshots[rng.index(past.snapshots.len())].clone();
            let (own, forged) = (pick(), pick());
            victim.restore(&own, at(past.ms)).expect("a whole snapshot");
            drain(&mut victim);
            let before = trace(&mut victim);
            let forged = resealed(&forged, |body| *body = damage(body, rng));
            match victim.restore(&forged, at(past.ms)) {
                Ok(()) => taken += 1,
                Err(error) => {
                    let codes = [Code::InvalidSnapshot, Code::NewerVersion, Code::Limit];
                    assert!(codes.contains(&error.code) && trace(&mut victim) == before, "{error}");
                    assert!(!victim.has_effects());
                    refused += 1;
                }
            }
            victim.join(at(past.ms));
            victim.advance(at(past.ms + 1_000_000));
            let left = state(&mut victim);
            kernel(78, 100, 65_536).restore(&left, at(past.ms)).expect("what a kernel writes it can read");
        }
    });
    assert!(refused > 0 && taken > 0, "both happen: {refused}, {taken}");
}
