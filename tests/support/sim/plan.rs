//! What kind of world a seed describes: how many, how fast, how bad.
//!
//! Each seed leaves out a part of the faults, so that those that are left meet in more ways than
//! they would if every seed had all of them.

use crate::support::rng::Rng;

/// Time without end, as far as a world is concerned.
pub const NEVER_MS: u64 = 1 << 40;

/// A family of plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Everything, as it comes.
    Default,
    /// Deletes are never forgotten, and neither are sessions: what has been seen is exact.
    NoPurge,
    /// Everything, but whether writes are lost is not asked, only whether the halls agree.
    Agreement,
    /// One node writes, nothing is lost or overtaken, deletes are soon forgotten, and answers come
    /// late: whoever has seen a write and its end must not show it again.
    Stale,
    /// Few keys, many deletes that are soon forgotten, and sessions that end.
    Forgetful,
}

impl Profile {
    const NAMES: [(Profile, &str); 5] = [
        (Profile::Default, "default"),
        (Profile::NoPurge, "no-purge"),
        (Profile::Agreement, "agreement"),
        (Profile::Stale, "stale"),
        (Profile::Forgetful, "forgetful"),
    ];

    /// The profile of a name.
    pub fn named(name: &str) -> Self {
        let found = Self::NAMES.into_iter().find(|(_, other)| *other == name);
        found.unwrap_or_else(|| panic!("no profile is called {name:?}")).0
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(profile, _)| *profile == self).map_or("", |(_, name)| name)
    }
}

/// A rare thing that happens to a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Some links are cut, or all are restored.
    Partition,
    /// A node stops for a while, and what arrives waits or is lost.
    Freeze,
    /// A session ends without a word and another takes its place.
    Crash,
    /// A session says goodbye, and another takes its place later.
    Leave,
    /// The wall clock of a node jumps.
    Jump,
    /// A frame arrives that nobody sent.
    Garbage,
    /// A node joins an older state of the hall to its own.
    Restore,
    /// A node asks what it has missed.
    Rejoin,
    /// A long time passes.
    Pause,
}

impl Fault {
    /// All of them, with how often they are tried in ten thousand steps.
    pub const ALL: [(Fault, u64); 9] = [
        (Fault::Partition, 300),
        (Fault::Freeze, 300),
        (Fault::Crash, 200),
        (Fault::Leave, 100),
        (Fault::Jump, 200),
        (Fault::Garbage, 300),
        (Fault::Restore, 60),
        (Fault::Rejoin, 100),
        (Fault::Pause, 200),
    ];
}

/// A plan. See the module.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Places for nodes.
    pub nodes: usize,
    /// How many of them are there from the start.
    pub early: usize,
    /// Keys that are written.
    pub keys: usize,
    /// How many of those, from the first, are put and nothing else.
    pub kept: usize,
    /// Steps.
    pub steps: u64,
    /// Frames lost, of a hundred.
    pub loss: u64,
    /// Frames doubled, of a hundred.
    pub duplication: u64,
    /// The longest that a frame takes.
    pub delay_ms: u64,
    /// Whether frames of one sender may overtake one another.
    pub reorder: bool,
    /// The furthest that a wall clock is off.
    pub skew_ms: u64,
    /// How long deletes are remembered.
    pub tombstone_ms: u64,
    /// How many deletes are remembered.
    pub tombstones: u64,
    /// How many sessions are remembered.
    pub sessions: u64,
    /// The largest frame.
    pub frame_bytes: u64,
    /// Deletes, of a hundred writes.
    pub deletes: u64,
    /// Puts that expire, of a hundred.
    pub mortal: u64,
    /// The family it belongs to.
    pub profile: Profile,
    /// Whether hosts sometimes let time pass without having encoded what the kernel cannot.
    pub lazy_hosts: bool,
    /// The faults of this world, each with how often it is tried in ten thousand steps.
    pub faults: Vec<(Fault, u64)>,
}

impl Plan {
    /// The plan of a seed.
    pub fn draw(seed: u64, profile: Profile) -> Self {
        let rng = &mut Rng::new(seed ^ 0x91a2);
        let nodes = rng.between(2, 6) as usize;
        let keys = if rng.percent(2) { 300 } else { rng.between(2, 12) as usize };
        let mut plan = Self {
            nodes,
            early: rng.between(1, nodes as u64) as usize,
            keys,
            kept: if rng.percent(50) { keys.div_ceil(3) } else { 0 },
            steps: 220,
            loss: rng.pick(&[0, 2, 10, 30]),
            duplication: rng.pick(&[0, 5, 20]),
            delay_ms: rng.pick(&[1, 40, 40, 400]),
            reorder: rng.percent(30),
            skew_ms: rng.pick(&[0, 200, 200, 600_000]),
            tombstone_ms: rng.pick(&[NEVER_MS, 600_000, 20, 200, 2_000]),
            tombstones: rng.pick(&[65_536, 65_536, 65_536, 0, 3]),
            sessions: rng.pick(&[4_096, 4_096, 4_096, 4_096, 3, 6]),
            frame_bytes: rng.pick(&[65_536, 65_536, 65_536, 65_536, 65_536, 65_536, 128, 300]),
            deletes: 35,
            mortal: rng.pick(&[0, 5, 20]),
            profile,
            lazy_hosts: rng.percent(30),
            faults: Fault::ALL.into_iter().filter(|_| rng.percent(65)).collect(),
        };
        match profile {
            Profile::Default => {}
            Profile::Agreement => plan.kept = 0,
            Profile::NoPurge => plan.forget_nothing(),
            Profile::Stale => plan.answer_late(rng),
            Profile::Forgetful => plan.forget_soon(rng),
        }
        if !plan.remembers_sessions() {
            plan.kept = 0;
        }
        plan
    }

    /// Whether nothing is ever forgotten, so that the end can be foretold.
    pub fn exact(&self) -> bool {
        self.profile != Profile::Agreement
            && self.tombstone_ms == NEVER_MS
            && self.tombstones == 65_536
            && self.remembers_sessions()
    }

    /// Whether no session is forgotten.
    pub fn remembers_sessions(&self) -> bool {
        self.sessions == 4_096
    }

    fn forget_nothing(&mut self) {
        (self.tombstone_ms, self.tombstones, self.sessions) = (NEVER_MS, 65_536, 4_096);
        self.faults = Fault::ALL
            .into_iter()
            .map(|(fault, often)| (fault, if fault == Fault::Crash { 600 } else { often }))
            .collect();
    }

    fn answer_late(&mut self, rng: &mut Rng) {
        self.forget_soon(rng);
        (self.nodes, self.loss, self.reorder, self.delay_ms) = (self.nodes.max(3), 0, false, 400);
        (self.early, self.skew_ms) = (self.nodes, 0);
        self.faults = vec![(Fault::Rejoin, 2_000), (Fault::Pause, 50)];
    }

    fn forget_soon(&mut self, rng: &mut Rng) {
        (self.keys, self.kept) = (2, 0);
        self.tombstone_ms = rng.pick(&[20, 60, 200]);
        (self.tombstones, self.sessions) = (65_536, 4_096);
        self.mortal = 0;
        self.skew_ms = rng.pick(&[0, 200]);
        self.deletes = 50;
    }
}
