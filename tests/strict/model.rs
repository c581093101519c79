//! Random commands against a naive model: one list of claims in the order in which they came, and
//! a document with a count.

use crate::bytes::{any_action, key_of, reread};
use crate::desk::Desk;
use crate::support::rng::Rng;
use statehall::order::Ordered;
use statehall::replica::clock::Session;
use statehall::replica::strict::claim::Mode;
use statehall::replica::strict::decide::Decision;
use statehall::replica::strict::outcome::{Outcome, Status};
use statehall::replica::strict::proposal::{Action, Proposal, Wait};
use std::rc::Rc;

const KEYS: [&str; 3] = ["x", "y", "z"];

#[derive(Clone)]
struct Claim {
    session: u64,
    owner: Rc<str>,
    shared: bool,
    ttl_ms: Option<u64>,
    until_ms: Option<u64>,
    /// 0 while it waits; [`NEW`] until it is known.
    fence: u64,
}

/// A grant whose number is not known yet.
const NEW: u64 = u64::MAX;

#[derive(Clone, Default)]
struct Name {
    version: u64,
    value: Option<Rc<[u8]>>,
    claims: Vec<Claim>,
    fence_max: u64,
}

#[derive(Default)]
struct Model {
    names: Ordered<String, Name>,
}

impl Name {
    fn tick(&mut self, now_ms: u64) {
        self.claims.retain(|claim| claim.until_ms.is_none_or(|until_ms| until_ms > now_ms));
        while let Some(next) = self.claims.iter().position(|claim| claim.fence == 0) {
            let fits = |other: &Claim| other.fence == 0 || other.shared && self.claims[next].shared;
            if !self.claims.iter().all(fits) {
                break;
            }
            let claim = &mut self.claims[next];
            (claim.fence, claim.until_ms) = (NEW, claim.ttl_ms.map(|ttl_ms| now_ms + ttl_ms));
        }
    }

    fn holder(&self) -> Option<&Claim> {
        self.claims.iter().filter(|claim| claim.fence > 0).min_by_key(|claim| claim.fence)
    }

    fn held(&self) -> String {
        let waiting = self.claims.iter().filter(|claim| claim.fence == 0).count();
        self.holder().map_or_else(String::new, |holder| {
            format!("held by {} of {}, {waiting} wait", holder.owner, holder.session)
        })
    }

    fn writable(&self, session: u64, fence: Option<u64>) -> Result<(), String> {
        match fence {
            None if self.holder().is_some() => Err(self.held()),
            None => Ok(()),
            Some(fence) => {
                match self.claims.iter().find(|claim| claim.fence == fence && claim.session == session && fence > 0) {
                    Some(claim) if claim.shared => Err(format!("held by {} of {session}", claim.owner)),
                    Some(_) => Ok(()),
                    None => Err("lost".to_owned()),
                }
            }
        }
    }

    fn write(&mut self, value: Option<Rc<[u8]>>) -> String {
        self.version += 1;
        self.value = value;
        format!("committed {}", self.version)
    }

    fn act(&mut self, now_ms: u64, session: u64, action: &Action) -> Result<String, String> {
        let missing = || Err("missing".to_owned());
        match action.clone() {
            Action::Create { value, fence } => {
                if let Some(value) = &self.value {
                    return Err(format!("exists {} {value:?}", self.version));
                }
                self.writable(session, fence)?;
                Ok(self.write(Some(value)))
            }
            Action::Replace { .. } | Action::Delete { .. } if self.value.is_none() => missing(),
            Action::Replace { value, expect, fence } => self.change(session, expect, fence, Some(value)),
            Action::Delete { expect, fence } => self.change(session, expect, fence, None),
            Action::Acquire { owner, mode, ttl_ms, wait, .. } => {
                let shared = mode == Mode::Shared;
                self.acquire(now_ms, Claim { session, owner, shared, ttl_ms, until_ms: None, fence: 0 }, wait)
            }
            Action::Renew { fence, ttl_ms } => {
                let own = |claim: &&mut Claim| claim.session == session && claim.fence == fence && fence > 0;
                let Some(claim) = self.claims.iter_mut().find(own) else { return Err("lost".to_owned()) };
                claim.ttl_ms = ttl_ms.or(claim.ttl_ms);
                claim.until_ms = claim.ttl_ms.map(|ttl_ms| now_ms + ttl_ms);
                Ok(format!("granted until {:?}", claim.until_ms))
            }
            Action::Release { owner, .. } => {
                Ok(self.drop_claims(|claim| claim.session == session && claim.owner == owner))
            }
            Action::Break { fence, .. } => {
                Ok(self.drop_claims(|claim| claim.fence > 0 && fence.is_none_or(|fence| claim.fence == fence)))
            }
            Action::End { of, owner } => Ok(self.drop_claims(|claim| {
                claim.session == of.0 && owner.as_ref().is_none_or(|owner| claim.owner == *owner)
            })),
            Action::Query => Ok(String::new()),
        }
    }

    fn change(
        &mut self,
        session: u64,
        expect: Option<u64>,
        fence: Option<u64>,
        value: Option<Rc<[u8]>>,
    ) -> Result<String, String> {
        self.writable(session, fence)?;
        match (expect, &self.value) {
            (Some(expect), Some(old)) if expect != self.version => Err(format!("conflict {} {old:?}", self.version)),
            _ => Ok(self.write(value)),
        }
    }

    fn acquire(&mut self, now_ms: u64, claim: Claim, wait: Wait) -> Result<String, String> {
        let until_ms = match wait {
            Wait::Ms(ms) => Some(now_ms + ms),
            _ => None,
        };
        let own = |other: &Claim| other.session == claim.session && other.owner == claim.owner;
        if let Some(place) = self.claims.iter().position(|other| own(other) && other.fence > 0) {
            let upgraded = self.claims[place].shared && !claim.shared;
            if upgraded
                && let Some(other) = self.claims.iter().filter(|c| c.fence > 0 && !own(c)).min_by_key(|c| c.fence)
            {
                return Err(format!("held by {} of {}", other.owner, other.session));
            }
            let holder = &mut self.claims[place];
            if upgraded {
                (holder.shared, holder.fence) = (false, NEW);
            }
            holder.ttl_ms = claim.ttl_ms;
            holder.until_ms = claim.ttl_ms.map(|ttl_ms| now_ms + ttl_ms);
            return Ok(format!("granted until {:?}", holder.until_ms));
        }
        let before = self.claims.clone();
        match self.claims.iter_mut().find(|other| own(other)) {
            Some(waiting) => {
                let until_ms = if wait == Wait::No { waiting.until_ms } else { until_ms };
                *waiting = Claim { until_ms, ..claim.clone() };
            }
            None => self.claims.push(Claim { until_ms, ..claim.clone() }),
        }
        self.tick(now_ms);
        let asked_before = before.iter().any(own);
        match self.claims.iter().find(|other| own(other)) {
            Some(granted) if granted.fence > 0 => Ok(format!("granted until {:?}", granted.until_ms)),
            _ if wait == Wait::No && !asked_before => {
                self.claims = before;
                Err(self.held())
            }
            _ => {
                let place = self.claims.iter().filter(|other| other.fence == 0).position(own);
                Ok(format!("queued {}", place.map_or(0, |place| place + 1)))
            }
        }
    }

    fn drop_claims(&mut self, gone: impl Fn(&Claim) -> bool) -> String {
        let before = self.claims.len();
        self.claims.retain(|claim| !gone(claim));
        format!("released {}", self.claims.len() < before)
    }

    /// The store is as the model has it; numbers of new grants are learned, and must grow.
    fn compare(&mut self, status: &Status) {
        assert_eq!((status.version, &status.value), (self.version, &self.value));
        let mut waiting = self.claims.iter().filter(|claim| claim.fence == 0);
        for claim in &status.waiters {
            let own = waiting.next().expect("one that waits");
            assert_eq!((claim.session.0, &claim.owner, claim.until_ms), (own.session, &own.owner, own.until_ms));
        }
        assert!(waiting.next().is_none());
        for claim in &status.holders {
            let own = |own: &&mut Claim| own.session == claim.session.0 && own.owner == claim.owner;
            let own = self.claims.iter_mut().find(own).expect("one that holds");
            assert_eq!((claim.mode == Mode::Shared, claim.until_ms), (own.shared, own.until_ms));
            if own.fence == NEW {
                assert!(claim.fence > self.fence_max, "a fence that does not grow");
                (own.fence, self.fence_max) = (claim.fence, claim.fence);
            }
            assert_eq!(own.fence, claim.fence);
        }
        assert_eq!(self.claims.iter().filter(|claim| claim.fence > 0).count(), status.holders.len());
        let alone = status.holders.iter().filter(|claim| claim.mode == Mode::Exclusive).count();
        assert!(alone == 0 || status.holders.len() == 1, "an exclusive holder is alone");
        assert!(status.waiters.is_empty() || !status.holders.is_empty(), "nobody waits for nothing");
    }
}

/// What an outcome says, apart from numbers of grants.
fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Committed { version } => format!("committed {version}"),
        Outcome::Granted { deadline_ms, .. } => format!("granted until {deadline_ms:?}"),
        Outcome::Queued { place } => format!("queued {place}"),
        Outcome::Released { found } => format!("released {found}"),
        Outcome::Missing => "missing".to_owned(),
        Outcome::Exists { version, value } => format!("exists {version} {:?}", value.as_ref().expect("a document")),
        Outcome::Conflict { version, value } => format!("conflict {version} {:?}", value.as_ref().expect("a document")),
        Outcome::Held { holder, waiting } => {
            format!("held by {} of {}, {waiting} wait", holder.owner, holder.session.0)
        }
        Outcome::FenceLost { .. } => "lost".to_owned(),
        other => panic!("{other:?}"),
    }
}

impl Model {
    fn act(&mut self, now_ms: u64, proposal: &Proposal) -> String {
        let Proposal { session, key, action, .. } = proposal;
        let keys = if key.is_empty() { &KEYS[..] } else { &[&**key][..] };
        let mut said = Vec::new();
        for key in keys {
            if !self.names.contains_key(&(*key).to_owned()) {
                self.names.insert((*key).to_owned(), Name::default());
            }
            let Some(name) = self.names.get_mut(&(*key).to_owned()) else { continue };
            name.tick(now_ms);
            said.push(name.act(now_ms, session.0, action).unwrap_or_else(|refused| refused));
            name.tick(now_ms);
        }
        if said.iter().any(|said| said == "released true") { "released true".to_owned() } else { said.swap_remove(0) }
    }
}

#[test]
fn the_authority_does_as_the_naive_model() {
    let mut kinds = Ordered::<String, u64>::default();
    for seed in 0..1_000 {
        let rng = &mut Rng::new(seed);
        let (mut desk, mut model) = (Desk::default(), Model::default());
        let mut past: Vec<(Proposal, Decision)> = Vec::new();
        for _ in 0..120 {
            if rng.percent(10)
                && let Some((proposal, decision)) = past.last()
            {
                // Asked again it is answered as before, and nothing happens.
                let (before, outcome) = (desk.stored.clone(), decision.outcome.clone());
                assert_eq!(desk.decide(proposal).outcome, outcome, "seed {seed}");
                assert_eq!(desk.stored.records, before.records, "seed {seed}");
            }
            let key = rng.pick(&["x", "x", "y", "z"]);
            let action = near(rng, &model, key);
            // The end of a whole session has a test of its own: nothing comes of it any more.
            let action = if matches!(action, Action::End { owner: None, .. }) { Action::Query } else { action };
            let proposal = desk.request(rng.between(1, 3), key_of(&action, key), action);
            let decision = desk.decide(&proposal);
            let expected = model.act(desk.now_ms, &proposal);
            if proposal.action != Action::Query {
                let said = said(&decision.outcome);
                // Where a holder itself is in its own way, the count of those that wait says nothing new.
                assert!(
                    said.starts_with(&expected) && !expected.is_empty(),
                    "seed {seed}: {said}, expected {expected}"
                );
                let kind = said.split(' ').next().unwrap_or_default().to_owned();
                let count = kinds.get(&kind).map_or(1, |count| count + 1);
                kinds.insert(kind, count);
                past.push((proposal, decision));
            }
            for key in KEYS {
                let status = desk.status(key);
                if let Some(name) = model.names.get_mut(&key.to_owned()) {
                    name.tick(desk.now_ms);
                    name.compare(&status);
                }
            }
            if rng.percent(5) {
                desk.stored = reread(&desk.stored);
            }
            desk.now_ms += rng.pick(&[0, 0, 1, 5, 20]);
            check_leases(&desk);
        }
    }
    for kind in ["committed", "granted", "queued", "released", "missing", "exists", "conflict", "held", "lost"] {
        let count = kinds.get(&kind.to_owned()).copied().unwrap_or(0);
        assert!(count > 300, "{kind} happened {count} times only");
    }
}

/// An action that has a chance: with numbers that are true now.
fn near(rng: &mut Rng, model: &Model, key: &str) -> Action {
    let mut action = any_action(rng);
    let Some(name) = model.names.get(&key.to_owned()) else { return action };
    let fence_now = name.holder().map(|holder| holder.fence);
    match &mut action {
        Action::Replace { expect: Some(expect), .. } if rng.percent(60) => *expect = name.version,
        Action::Replace { fence: Some(fence), .. } | Action::Renew { fence, .. } if rng.percent(80) => {
            *fence = fence_now.unwrap_or(*fence);
        }
        _ => {}
    }
    action
}

/// The list of what a session has is what it has.
fn check_leases(desk: &Desk) {
    for (session, requests) in desk.stored.sessions.iter() {
        let has = |session: Session| {
            let records = desk.stored.records.iter();
            records
                .filter(move |(_, record)| record.claims().any(|claim| claim.session == session))
                .map(|(key, _)| key.clone())
        };
        assert_eq!(requests.leases().to_vec(), has(*session).collect::<Vec<_>>());
    }
}
