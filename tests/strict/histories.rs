//! Clients of one record on a bad network: what they were told could have happened one operation at a time.
//!
//! Requests and answers are lost, doubled and late; transactions are undone; clients ask again and
//! give up. The authority's rows go through their bytes between decisions, as they do in a store.
//! `STATEHALL_SEEDS` says how many histories, `STATEHALL_SEED` which one alone, to be told.

use crate::bytes::reread;
use crate::desk::bytes;
use crate::linear::{Answer, Entry, Holder, Op, is_linearizable};
use crate::support::rng::Rng;
use statehall::codec::Reader;
use statehall::replica::clock::Session;
use statehall::replica::strict::claim::{Claim, Mode};
use statehall::replica::strict::decide::decide;
use statehall::replica::strict::outcome::Outcome;
use statehall::replica::strict::proposal::{Action, Proposal, Wait};
use statehall::replica::strict::stored::{Bounds, Stored};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// What happens at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The client goes on.
    Turn {
        client: usize,
    },
    /// The client has waited for an answer for long enough.
    Impatient {
        client: usize,
        number: u64,
    },
    Request {
        client: usize,
        number: u64,
        bytes: Vec<u8>,
    },
    Answer {
        client: usize,
        number: u64,
        bytes: Vec<u8>,
    },
}

/// How bad the network is.
struct Faults {
    lost: u64,
    doubled: u64,
    undone: u64,
    late_ms: u64,
    tries: u64,
    rereads: bool,
}

#[derive(Default)]
struct Client {
    number: u64,
    version: u64,
    fence: Option<u64>,
    /// What it asks at present, and the place of that in the history.
    asked: Option<(usize, Vec<u8>)>,
    tries: u64,
    left: u64,
}

struct World {
    rng: Rng,
    faults: Faults,
    now_ms: u64,
    events: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Event)>>,
    clients: Vec<Client>,
    stored: Stored,
    history: Vec<Entry>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let faults = Faults {
            lost: rng.pick(&[0, 5, 15, 30]),
            doubled: rng.pick(&[0, 10, 30]),
            undone: rng.pick(&[0, 5, 15]),
            late_ms: rng.pick(&[2, 10, 60]),
            tries: rng.between(1, 6),
            rereads: rng.percent(10),
        };
        let clients = rng.between(2, 8);
        let left = rng.between(3, 56 / clients).min(10);
        let mut world = Self {
            rng,
            faults,
            now_ms: 1_000,
            events: 0,
            queue: BinaryHeap::new(),
            clients: (0..clients).map(|_| Client { left, ..Client::default() }).collect(),
            stored: Stored::new(0),
            history: Vec::new(),
        };
        (0..world.clients.len()).for_each(|client| world.after(5, Event::Turn { client }));
        world
    }

    /// Something happens within so many milliseconds.
    fn after(&mut self, most_ms: u64, event: Event) {
        self.events += 1;
        let at_ms = self.now_ms + self.rng.between(0, most_ms);
        self.queue.push(Reverse((at_ms, self.events, event)));
    }

    /// Sends over the bad network.
    fn send(&mut self, event: Event) {
        let copies = 1 + u64::from(self.rng.percent(self.faults.doubled));
        for _ in 0..copies {
            if !self.rng.percent(self.faults.lost) {
                self.after(self.faults.late_ms, event.clone());
            }
        }
    }

    fn live(mut self) -> Vec<Entry> {
        while let Some(Reverse((at_ms, _, event))) = self.queue.pop() {
            self.now_ms = at_ms;
            self.events += 1;
            match event {
                Event::Turn { client } => self.turn(client),
                Event::Impatient { client, number } => self.impatient(client, number),
                Event::Request { client, number, bytes } => self.decide(client, number, &bytes),
                Event::Answer { client, number, bytes } => self.answer(client, number, &bytes),
            }
        }
        self.history
    }

    fn turn(&mut self, client: usize) {
        let op = self.choose(client);
        let own = &mut self.clients[client];
        if own.left == 0 {
            return;
        }
        own.left -= 1;
        own.number += 1;
        let number = if op == Op::Read { 0 } else { own.number };
        let proposal = Proposal { session: Session(client as u64 + 1), number, key: "x".into(), action: action(op) };
        let mut bytes = Vec::new();
        proposal.write(&mut bytes);
        own.asked = Some((self.history.len(), bytes));
        own.tries = self.faults.tries;
        let began = (self.events, self.now_ms);
        self.history.push(Entry { client: client as u64 + 1, op, began, ended: None });
        self.ask(client);
    }

    /// Asks for the first time, or again.
    fn ask(&mut self, client: usize) {
        let (number, Some((_, bytes))) = (self.clients[client].number, self.clients[client].asked.clone()) else {
            return;
        };
        self.send(Event::Request { client, number, bytes });
        let patience_ms = 2 * self.faults.late_ms;
        self.now_ms += patience_ms / 2;
        self.after(patience_ms, Event::Impatient { client, number });
        self.now_ms -= patience_ms / 2;
    }

    fn choose(&mut self, client: usize) -> Op {
        let own = &self.clients[client];
        let (version, fence) = (own.version, own.fence);
        let value = (client as u64 + 1) * 1_000 + own.number;
        let ttl_ms = self.rng.between(5, 150);
        match (self.rng.below(40), fence) {
            (0..=17, Some(fence)) => Op::Under { value, fence },
            (18..=20, Some(fence)) => Op::Renew { fence, ttl_ms },
            (21..=26, Some(_)) => Op::Release,
            (0..=3, None) => Op::Acquire { ttl_ms },
            (4..=11, _) if version == 0 => Op::Create(value),
            (27..=29, _) => Op::Read,
            (30, _) => Op::Delete,
            (31, _) => Op::Create(value),
            (32, _) => Op::Acquire { ttl_ms },
            _ => Op::Replace { value, expect: version },
        }
    }

    /// No answer came: asks the same again, or gives up and goes on without knowing.
    fn impatient(&mut self, client: usize, number: u64) {
        let own = &mut self.clients[client];
        if own.number != number || own.asked.is_none() {
            return;
        }
        own.tries -= 1;
        if own.tries > 0 {
            self.ask(client);
            return;
        }
        own.asked = None;
        self.after(20, Event::Turn { client });
    }

    /// The authority's transaction.
    fn decide(&mut self, client: usize, number: u64, bytes: &[u8]) {
        let proposal = Proposal::read(bytes).expect("a sound proposal");
        let mut stored = if self.faults.rereads { reread(&self.stored) } else { self.stored.clone() };
        let decision = decide(self.now_ms, &mut stored, &proposal, &Bounds::default());
        if self.rng.percent(self.faults.undone) {
            return;
        }
        self.stored = stored;
        let mut bytes = Vec::new();
        decision.outcome.write(&mut bytes);
        self.send(Event::Answer { client, number, bytes });
    }

    fn answer(&mut self, client: usize, number: u64, bytes: &[u8]) {
        let own = &mut self.clients[client];
        if own.number != number {
            return;
        }
        let Some((place, _)) = own.asked.take() else { return };
        let outcome = Outcome::read(&mut Reader::new(bytes)).expect("a sound outcome");
        let answer = answer_of(outcome);
        match answer {
            Answer::Committed { version } | Answer::Other { version, .. } | Answer::Status { version, .. } => {
                own.version = version;
            }
            // It does not give its fence up when its time is over: it does not look at a clock.
            Answer::Granted { fence, .. } => own.fence = Some(fence),
            Answer::Released { .. } | Answer::Lost(_) => own.fence = None,
            Answer::Missing | Answer::Held(_) => {}
        }
        self.history[place].ended = Some((self.events, self.now_ms, answer));
        self.after(40, Event::Turn { client });
    }
}

fn action(op: Op) -> Action {
    let value = |value: u64| bytes(&value.to_string());
    match op {
        Op::Create(number) => Action::Create { value: value(number), fence: None },
        Op::Replace { value: number, expect } => {
            Action::Replace { value: value(number), expect: Some(expect), fence: None }
        }
        Op::Under { value: number, fence } => {
            Action::Replace { value: value(number), expect: None, fence: Some(fence) }
        }
        Op::Delete => Action::Delete { expect: None, fence: None },
        Op::Acquire { ttl_ms } => {
            let (owner, mode, ttl_ms) = ("o".into(), Mode::Exclusive, Some(ttl_ms));
            Action::Acquire { owner, mode, ttl_ms, wait: Wait::No, existing: false }
        }
        Op::Renew { fence, ttl_ms } => Action::Renew { fence, ttl_ms: Some(ttl_ms) },
        Op::Release => Action::Release { owner: "o".into(), fence: None, existing: false },
        Op::Read => Action::Query,
    }
}

fn answer_of(outcome: Outcome) -> Answer {
    let holder = |claim: &Claim| -> Holder { (claim.session.0, claim.fence, claim.until_ms.expect("a deadline")) };
    let number = |value: &[u8]| String::from_utf8_lossy(value).parse().expect("a number");
    match outcome {
        Outcome::Committed { version } => Answer::Committed { version },
        Outcome::Granted { fence, deadline_ms } => {
            Answer::Granted { fence, deadline_ms: deadline_ms.expect("a deadline") }
        }
        Outcome::Released { found } => Answer::Released { found },
        Outcome::Missing => Answer::Missing,
        Outcome::Exists { version, value } | Outcome::Conflict { version, value } => {
            Answer::Other { version, value: value.map(|value| number(&value)) }
        }
        Outcome::Held { holder: claim, .. } => Answer::Held(holder(&claim)),
        Outcome::FenceLost { holder: claim, .. } => Answer::Lost(claim.as_ref().map(holder)),
        Outcome::Status(status) => Answer::Status {
            version: status.version,
            value: status.value.map(|value| number(&value)),
            holder: status.holders.first().map(holder),
        },
        Outcome::Queued { .. } | Outcome::Limit { .. } | Outcome::Forgotten => panic!("{outcome:?}"),
    }
}

/// The history of a seed. Reads without an answer say nothing.
fn history(seed: u64) -> Vec<Entry> {
    let mut history = World::new(seed).live();
    history.retain(|entry| entry.op != Op::Read || entry.ended.is_some());
    history
}

#[test]
fn histories_are_linearizable() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let only = number("STATEHALL_SEED");
    if let Some(seed) = only {
        history(seed).iter().for_each(|entry| println!("{entry:?}"));
    }
    let (first, end) = only.map_or((0, number("STATEHALL_SEEDS").unwrap_or(10_000)), |seed| (seed, seed + 1));
    let (next, counts, began) = (AtomicU64::new(first), Mutex::new([0_u64; 4]), Instant::now());
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let history = history(seed);
                    assert!(is_linearizable(&history), "seed {seed}; the history is not linearizable");
                    let count =
                        |test: &dyn Fn(&Entry) -> bool| history.iter().filter(|entry| test(entry)).count() as u64;
                    let answered = |entry: &Entry, test: fn(&Answer) -> bool| {
                        entry.ended.is_some_and(|(_, _, answer)| test(&answer))
                    };
                    let found = [
                        history.len() as u64,
                        count(&|entry| entry.ended.is_none()),
                        count(&|entry| answered(entry, |answer| matches!(answer, Answer::Committed { .. }))),
                        count(&|entry| answered(entry, |answer| matches!(answer, Answer::Lost(_)))),
                    ];
                    let mut counts = counts.lock().expect("counts");
                    (0..4).for_each(|at| counts[at] += found[at]);
                }
            });
        }
    });
    let [operations, silent, commits, lost] = *counts.lock().expect("counts");
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "histories: {} in {seconds:.1} s, {operations} operations, {silent} without an answer, {commits} commits, {lost} lost leases",
        end - first
    );
    if end - first >= 1_000 {
        assert!(silent > 100 && commits > 1_000 && lost > 100, "too little has happened");
    }
}
