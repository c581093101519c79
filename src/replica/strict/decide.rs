//! The one place where a strict record changes.
//!
//! Source: leases as in Gray and Cheriton, 1989; fences as Kleppmann has them; shared and exclusive
//! requests in one queue as in the Web Locks of the W3C, from which a broken lease differs: the
//! holder's code is not stopped, its writes are refused.

use super::claim::{Claim, Mode};
use super::outcome::{Bound, Grant, Lost, Outcome, Status};
use super::proposal::{Action, Proposal, Wait};
use super::record::{Broken, Record, document_bytes};
use super::requests::WINDOW;
use super::stored::{Bounds, Meta, Stored};
use crate::replica::clock::Session;
use std::rc::Rc;

/// What was decided, and what the host has to do: store the rows that were touched, then tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer to the caller.
    pub outcome: Outcome,
    /// The records that differ now. One that is not stored any more is to be deleted.
    pub records: Vec<Rc<str>>,
    /// Who waited and has got its lease, in order.
    pub granted: Vec<Grant>,
    /// Who has lost one.
    pub lost: Vec<Lost>,
}

impl Decision {
    fn new(outcome: Outcome) -> Self {
        Self { outcome, records: Vec::new(), granted: Vec::new(), lost: Vec::new() }
    }
}

/// Decides a proposal.
///
/// Shape:  pure: the same arguments, the same decision. A proposal that was decided before is
///         answered as it was then. What is refused changes nothing, except that time has passed:
///         claims that are over go, and the next in line get theirs.
/// Units:  `now_ms` is Unix time by the clock of whoever hosts the store; it alone counts.
pub fn decide(now_ms: u64, stored: &mut Stored, proposal: &Proposal, bounds: &Bounds) -> Decision {
    let now_ms = stored.meta.observe(now_ms);
    if proposal.action == Action::Query {
        return query(now_ms, stored, &proposal.key);
    }
    if let Some(outcome) = admit(stored, proposal, bounds) {
        return Decision::new(outcome);
    }
    let mut decision = Decision::new(Outcome::Released { found: false });
    decision.outcome = match &proposal.action {
        Action::End { of, owner } => end(now_ms, stored, (*of, owner.as_deref()), &mut decision),
        action => {
            let session = proposal.session;
            let leases = stored.sessions.get(&session).map_or(0, |requests| requests.leases.len() as u64);
            let mut outcome = Outcome::Missing;
            on_record(now_ms, stored, &proposal.key, &mut decision, &mut |meta, record, found| {
                let carried_out = Act { now_ms, meta, record, session, bounds, leases, found }.carry_out(action);
                outcome = carried_out.unwrap_or_else(|refused| refused);
            });
            synchronise(stored, &proposal.key, session);
            outcome
        }
    };
    if let Some(requests) = stored.sessions.get_mut(&proposal.session) {
        requests.note(proposal.number, &decision.outcome);
        requests.seq = stored.meta.seq;
    }
    decision
}

/// Lets time pass for one record: claims that are over go, and the next in line get theirs.
pub fn expire(now_ms: u64, stored: &mut Stored, key: &Rc<str>) -> Decision {
    let now_ms = stored.meta.observe(now_ms);
    let mut decision = Decision::new(Outcome::Released { found: false });
    if stored.records.contains_key(key) {
        on_record(now_ms, stored, key, &mut decision, &mut |_, _, _| ());
    }
    decision
}

/// Why a change of a record would be refused, whatever it makes of the document: asked where there is nothing to propose.
pub fn refusal(record: &Record, session: Session, expect: Option<u64>, fence: Option<u64>) -> Option<Outcome> {
    let (mut meta, mut record, mut found) = (Meta::default(), record.clone(), Found::default());
    let (bounds, meta, record, found) = (&Bounds::default(), &mut meta, &mut record, &mut found);
    Act { now_ms: 0, meta, record, session, bounds, leases: 0, found }.may_change(expect, fence).err()
}

fn query(now_ms: u64, stored: &mut Stored, key: &Rc<str>) -> Decision {
    let mut decision = expire(now_ms, stored, key);
    let record = stored.records.get(key).map(|record| (**record).clone()).unwrap_or_default();
    let Record { version, value, holders, waiters, .. } = record;
    decision.outcome = Outcome::Status(Box::new(Status { version, value, holders, waiters }));
    decision
}

/// What is answered without deciding anything: to a request that is known, or of which nothing can be known.
fn admit(stored: &mut Stored, proposal: &Proposal, bounds: &Bounds) -> Option<Outcome> {
    let Some(requests) = stored.sessions.get(&proposal.session) else {
        return if proposal.number > WINDOW {
            Some(Outcome::Forgotten)
        } else {
            enrol(stored, proposal.session, bounds).err()
        };
    };
    let known = requests.recall(proposal.number)?;
    if cfg!(ablate = "dedupe") {
        return None;
    }
    let record = stored.records.get(&proposal.key);
    let (version, value) = record.map_or((0, None), |record| (record.version, record.value.as_ref()));
    Some(known.with_value(version, value))
}

/// Begins to remember a session.
fn enrol(stored: &mut Stored, session: Session, bounds: &Bounds) -> Result<(), Outcome> {
    let given = stored.meta.sessions.saturating_add(1);
    if given > bounds.sessions {
        return Err(Outcome::Limit { bound: Bound::Sessions, max: bounds.sessions, given });
    }
    stored.meta.sessions = given;
    stored.sessions.insert(session, Box::default());
    Ok(())
}

/// Ends a session or one of its owners: its claims go, wherever they are.
fn end(now_ms: u64, stored: &mut Stored, (of, owner): (Session, Option<&str>), decision: &mut Decision) -> Outcome {
    let leases = stored.sessions.get(&of).map(|requests| requests.leases.clone()).unwrap_or_default();
    let mut found = false;
    for key in &leases {
        if !stored.records.contains_key(key) {
            continue;
        }
        on_record(now_ms, stored, key, decision, &mut |meta, record, _| {
            let ended = |claim: &Claim| claim.session == of && owner.is_none_or(|owner| *claim.owner == *owner);
            let gone = record.take_out(ended);
            if !gone.is_empty() {
                record.seq = meta.step();
            }
            found |= !gone.is_empty();
        });
        synchronise(stored, key, of);
    }
    if owner.is_none()
        && let Some(requests) = stored.sessions.get_mut(&of)
    {
        requests.end();
    }
    Outcome::Released { found }
}

/// Makes the list of a session's leases say whether it has a claim on a record.
fn synchronise(stored: &mut Stored, key: &Rc<str>, session: Session) {
    let has = |record: &Record| record.claims().any(|claim| claim.session == session);
    let claimed = stored.records.get(key).is_some_and(|record| has(record));
    let Some(requests) = stored.sessions.get_mut(&session) else { return };
    if claimed { requests.claim(key) } else { requests.unclaim(key) }
}

/// What has happened in a record beside what was asked.
#[derive(Default)]
struct Found {
    granted: Vec<Claim>,
    expired: Vec<Claim>,
    broken: Vec<Claim>,
    reason: Option<Rc<str>>,
}

/// Changes a record: first by the time, then by what is asked, then by who can be granted now.
///
/// One function for all that is asked, because its body is large where it is compiled once for each.
fn on_record(
    now_ms: u64,
    stored: &mut Stored,
    key: &Rc<str>,
    decision: &mut Decision,
    change: &mut dyn FnMut(&mut Meta, &mut Record, &mut Found),
) {
    let Stored { meta, records, .. } = stored;
    let (mut fresh, mut found) = (Record::default(), Found::default());
    let known = records.contains_key(key);
    let record = records.get_mut(key).map_or(&mut fresh, |record| &mut **record);
    if known {
        meta.weigh(record, false);
    }
    let before = record.seq;
    settle(now_ms, meta, record, &mut found);
    change(meta, record, &mut found);
    grant(now_ms, meta, record, &mut found);
    let (changed, vacant) = (record.seq != before, record.is_vacant());
    if !vacant {
        meta.weigh(record, true);
    }
    if vacant && known {
        records.remove(key);
    } else if !vacant && !known {
        records.insert(key.clone(), Box::new(fresh));
    }
    if changed && !decision.records.contains(key) {
        decision.records.push(key.clone());
    }
    for claim in found.expired.iter().chain(&found.broken) {
        synchronise(stored, key, claim.session);
    }
    tell(key, found, decision);
}

/// Hands on who has got a lease, and who has lost one.
fn tell(key: &Rc<str>, found: Found, decision: &mut Decision) {
    let key = || key.clone();
    let Found { granted, expired, broken, reason } = found;
    let grants = granted.into_iter().map(|Claim { session, owner, fence, until_ms, .. }| Grant {
        key: key(),
        session,
        owner,
        fence,
        deadline_ms: until_ms,
    });
    decision.granted.extend(grants);
    let expired = expired.into_iter().filter(|claim| claim.fence > 0);
    decision.lost.extend(expired.map(|claim| Lost { key: key(), claim, reason: None }));
    decision.lost.extend(broken.into_iter().map(|claim| Lost { key: key(), claim, reason: reason.clone() }));
}

/// Drops what is over by now, and grants what can be.
fn settle(now_ms: u64, meta: &mut Meta, record: &mut Record, found: &mut Found) {
    record.shorten(now_ms);
    let over = record.take_out(|claim| claim.is_over(now_ms));
    if !over.is_empty() {
        record.seq = meta.step();
        found.expired.extend(over);
    }
    grant(now_ms, meta, record, found);
}

/// Grants what can be granted, the next in line first.
fn grant(now_ms: u64, meta: &mut Meta, record: &mut Record, found: &mut Found) {
    while let Some(mut claim) = record.take_next() {
        record.seq = meta.step();
        claim.fence = record.seq;
        claim.begin(now_ms);
        found.granted.push(claim.clone());
        record.holders.push(claim);
    }
}

/// One action on one record.
struct Act<'a> {
    now_ms: u64,
    meta: &'a mut Meta,
    record: &'a mut Record,
    session: Session,
    bounds: &'a Bounds,
    /// On how many records the session has claims.
    leases: u64,
    found: &'a mut Found,
}

impl Act<'_> {
    /// Carries the action out, or says why not.
    fn carry_out(&mut self, action: &Action) -> Result<Outcome, Outcome> {
        match action {
            Action::Create { value, fence } => {
                if self.record.value.is_some() {
                    let Record { version, value, .. } = &*self.record;
                    return Err(Outcome::Exists { version: *version, value: value.clone() });
                }
                self.may_write(*fence)?;
                self.has_room(value)?;
                self.record.version = self.record.version.max(self.meta.floor);
                self.record.created_ms = self.now_ms;
                self.record.created_seq = self.meta.seq + 1;
                Ok(self.commit(Some(value.clone())))
            }
            Action::Replace { value, expect, fence } => {
                self.may_change(*expect, *fence)?;
                self.has_room(value)?;
                Ok(self.commit(Some(value.clone())))
            }
            Action::Delete { expect, fence } => {
                self.may_change(*expect, *fence)?;
                Ok(self.commit(None))
            }
            Action::Acquire { owner, mode, ttl_ms, wait, existing } => {
                self.exists(*existing)?;
                let claim = Claim {
                    session: self.session,
                    owner: owner.clone(),
                    mode: *mode,
                    ttl_ms: *ttl_ms,
                    until_ms: None,
                    fence: 0,
                };
                self.acquire(claim, *wait)
            }
            Action::Renew { fence, ttl_ms } => self.renew(*fence, *ttl_ms),
            Action::Release { owner, fence, existing } => {
                self.exists(*existing)?;
                let session = self.session;
                let ended =
                    |claim: &Claim| claim.is_of(session, owner) && fence.is_none_or(|fence| claim.fence == fence);
                let found = !self.record.take_out(ended).is_empty();
                if found {
                    self.touch();
                }
                Ok(Outcome::Released { found })
            }
            Action::Break { fence, reason } => Ok(self.break_open(*fence, reason)),
            // Not about one record, or answered before.
            Action::End { .. } | Action::Query => Ok(Outcome::Released { found: false }),
        }
    }

    fn exists(&self, demanded: bool) -> Result<(), Outcome> {
        if demanded && self.record.value.is_none() { Err(Outcome::Missing) } else { Ok(()) }
    }

    /// The checks of a change, in their order.
    fn may_change(&self, expect: Option<u64>, fence: Option<u64>) -> Result<(), Outcome> {
        self.exists(true)?;
        self.may_write(fence)?;
        let Record { version, value, .. } = &*self.record;
        if expect.is_some_and(|expect| expect != *version) {
            return Err(Outcome::Conflict { version: *version, value: value.clone() });
        }
        Ok(())
    }

    /// Whether nobody else holds the record. Who holds it exclusively writes with its fence, and nobody without.
    fn may_write(&self, fence: Option<u64>) -> Result<(), Outcome> {
        match fence {
            Some(_) if cfg!(ablate = "fences") => Ok(()),
            Some(fence) => match self.holder_of(fence) {
                Some(place) if self.record.holders[place].mode == Mode::Exclusive => Ok(()),
                Some(place) => Err(self.held_by(&self.record.holders[place])),
                None => Err(self.lost(fence)),
            },
            None => self.record.holders.first().map_or(Ok(()), |holder| Err(self.held_by(holder))),
        }
    }

    /// The place among the holders of this session's grant with this number.
    fn holder_of(&self, fence: u64) -> Option<usize> {
        let own = |claim: &Claim| claim.session == self.session && claim.fence == fence;
        self.record.holders.iter().position(own)
    }

    fn held_by(&self, holder: &Claim) -> Outcome {
        Outcome::Held { holder: holder.clone(), waiting: self.record.waiters.len() as u64 }
    }

    fn lost(&self, fence: u64) -> Outcome {
        Outcome::FenceLost { holder: self.record.holders.first().cloned(), reason: self.record.reason(fence) }
    }

    /// Whether a document can be stored.
    fn has_room(&self, value: &[u8]) -> Result<(), Outcome> {
        let bytes = document_bytes(value);
        within(Bound::ValueBytes, self.bounds.value_bytes, bytes)?;
        if bytes > self.record.bytes() {
            within(Bound::Bytes, self.bounds.bytes, self.meta.bytes.saturating_add(bytes))?;
        }
        self.may_count()
    }

    /// Whether the record may count as one, unless it does already.
    fn may_count(&self) -> Result<(), Outcome> {
        if self.record.value.is_some() || self.record.version == 0 && !self.record.is_vacant() {
            return Ok(());
        }
        within(Bound::Records, self.bounds.records, self.meta.records.saturating_add(1))
    }

    fn touch(&mut self) -> u64 {
        self.record.seq = self.meta.step();
        self.record.seq
    }

    fn commit(&mut self, value: Option<Rc<[u8]>>) -> Outcome {
        self.touch();
        self.record.version += 1;
        self.record.value = value;
        self.record.updated_ms = self.now_ms;
        Outcome::Committed { version: self.record.version }
    }

    fn acquire(&mut self, claim: Claim, wait: Wait) -> Result<Outcome, Outcome> {
        let own = |other: &Claim| other.is_of(claim.session, &claim.owner);
        if let Some(place) = self.record.holders.iter().position(own) {
            return self.hold_on(place, &claim);
        }
        if let Some(waiting) = self.record.waiters.iter_mut().find(|other| own(other)) {
            // It stays where it is in the queue and may have become one that can be granted.
            (waiting.mode, waiting.ttl_ms) = (claim.mode, claim.ttl_ms);
            waiting.until_ms = wait.until_ms(self.now_ms, waiting.until_ms);
        } else {
            let blocked = self.record.in_the_way(claim.mode);
            if let Some(holder) = blocked.filter(|_| wait == Wait::No) {
                return Err(self.held_by(holder));
            }
            self.may_claim(blocked.is_some())?;
            let until_ms = wait.until_ms(self.now_ms, None);
            self.record.waiters.push(Claim { until_ms, ..claim.clone() });
        }
        grant(self.now_ms, self.meta, self.record, self.found);
        if let Some(holder) = self.record.holder(claim.session, &claim.owner) {
            // The caller is answered; only others need to be told.
            self.found.granted.retain(|other| !own(other));
            return Ok(Outcome::Granted { fence: holder.fence, deadline_ms: holder.until_ms });
        }
        self.touch();
        let place = self.record.place(claim.session, &claim.owner).unwrap_or(0);
        Ok(Outcome::Queued { place })
    }

    /// Whether there may be one claim more.
    fn may_claim(&self, waits: bool) -> Result<(), Outcome> {
        let beside = if waits { &self.record.waiters } else { &self.record.holders };
        let claims = beside.len() as u64;
        within(Bound::Claims, self.bounds.claims, claims + 1)?;
        within(Bound::Leases, self.bounds.leases, self.leases + 1)?;
        if self.record.is_vacant() { self.may_count() } else { Ok(()) }
    }

    /// One that holds asks again: for more time, or to hold it alone.
    fn hold_on(&mut self, place: usize, claim: &Claim) -> Result<Outcome, Outcome> {
        let alone = claim.mode == Mode::Exclusive && self.record.holders[place].mode == Mode::Shared;
        if alone && let Some(other) = self.record.holders.iter().find(|other| !other.is_of(claim.session, &claim.owner))
        {
            return Err(self.held_by(other));
        }
        let seq = self.touch();
        let holder = &mut self.record.holders[place];
        if alone {
            (holder.mode, holder.fence) = (Mode::Exclusive, seq);
        }
        holder.ttl_ms = claim.ttl_ms;
        holder.begin(self.now_ms);
        Ok(Outcome::Granted { fence: holder.fence, deadline_ms: holder.until_ms })
    }

    fn renew(&mut self, fence: u64, ttl_ms: Option<u64>) -> Result<Outcome, Outcome> {
        let Some(place) = self.holder_of(fence) else { return Err(self.lost(fence)) };
        self.touch();
        let holder = &mut self.record.holders[place];
        holder.ttl_ms = ttl_ms.or(holder.ttl_ms);
        holder.begin(self.now_ms);
        Ok(Outcome::Granted { fence, deadline_ms: holder.until_ms })
    }

    fn break_open(&mut self, fence: Option<u64>, reason: &Rc<str>) -> Outcome {
        let meant = |claim: &Claim| claim.fence > 0 && fence.is_none_or(|fence| claim.fence == fence);
        let broken = self.record.take_out(meant);
        if let (Some(first), Some(last)) = (broken.first(), broken.last()) {
            let fences = (first.fence, last.fence);
            self.record.broken = Some(Broken { fences, reason: reason.clone() });
            self.touch();
        }
        let found = !broken.is_empty();
        self.found.broken.extend(broken);
        self.found.reason = Some(reason.clone());
        Outcome::Released { found }
    }
}

impl Wait {
    /// Until when one waits who asks now, or asks again.
    fn until_ms(self, now_ms: u64, before: Option<u64>) -> Option<u64> {
        match self {
            Self::No => before,
            Self::Always => None,
            Self::Ms(ms) => Some(now_ms.saturating_add(ms)),
        }
    }
}

fn within(bound: Bound, max: u64, given: u64) -> Result<(), Outcome> {
    if given > max { Err(Outcome::Limit { bound, max, given }) } else { Ok(()) }
}
