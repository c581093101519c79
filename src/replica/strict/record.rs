//! A record: a versioned document, who holds it, and who waits for it.
//!
//! Holders and queue are one thing, so that nothing but a change of the record can grant.

use super::claim::{Claim, Mode, read_claims, read_flag, read_value, write_claims, write_value};
use crate::codec::{Malformed, Reader, write_bytes, write_varint};
use crate::replica::clock::Session;
use std::rc::Rc;

/// How the bytes of what is stored begin: the version of their layout.
pub(super) const LAYOUT: u8 = 1;
/// The largest number that is read: JavaScript has no larger ones, and no count from here on overflows.
pub(super) const COUNT_MAX: u64 = (1 << 53) - 1;

/// How bytes begin that stand for a document which the host keeps itself: the number of its bytes follows. No encoded
/// value begins so.
const OUTSIDE: u8 = 0xff;

/// The bytes that stand for a document of so many bytes which the host keeps itself.
pub fn kept_outside(bytes: u64) -> Rc<[u8]> {
    let mut document = vec![OUTSIDE];
    write_varint(bytes, &mut document);
    document.into()
}

/// How many bytes a document has.
pub(super) fn document_bytes(document: &[u8]) -> u64 {
    match document {
        [OUTSIDE, bytes @ ..] => Reader::new(bytes).varint(),
        _ => document.len() as u64,
    }
}

/// What is stored under one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// How many changes the document has seen; 0 if there has never been one.
    pub version: u64,
    /// The document, unless it is deleted or was never there.
    pub value: Option<Rc<[u8]>>,
    /// The authority's count when the document was created, by which lists are in order.
    pub created_seq: u64,
    /// When the document was created, by the authority's clock.
    pub created_ms: u64,
    /// When it was last changed.
    pub updated_ms: u64,
    /// The authority's count when anything in the record last changed.
    pub seq: u64,
    /// Who holds it: one exclusive or any number of shared claims, in the order of their fences.
    pub holders: Vec<Claim>,
    /// Who waits, the next one first.
    pub waiters: Vec<Claim>,
    /// The last time that somebody was made to give it back.
    pub broken: Option<Broken>,
}

/// Why holders were made to give a lease back: told to them when they next use it, if the record is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The first and the last fence that were broken.
    pub fences: (u64, u64),
    /// Why.
    pub reason: Rc<str>,
}

impl Record {
    /// Whether nothing would be lost with it.
    pub(super) fn is_vacant(&self) -> bool {
        self.version == 0 && self.holders.is_empty() && self.waiters.is_empty()
    }

    /// How many bytes its document has.
    pub fn bytes(&self) -> u64 {
        self.value.as_ref().map_or(0, |value| document_bytes(value))
    }

    /// All claims.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.holders.iter().chain(&self.waiters)
    }

    /// The holder of this owner in this session.
    pub fn holder(&self, session: Session, owner: &str) -> Option<&Claim> {
        self.holders.iter().find(|claim| claim.is_of(session, owner))
    }

    /// The place in the queue of this owner in this session, from 1.
    pub fn place(&self, session: Session, owner: &str) -> Option<u64> {
        self.waiters.iter().position(|claim| claim.is_of(session, owner)).map(|place| place as u64 + 1)
    }

    /// When the next claim is over, by the authority's clock.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.claims().filter_map(|claim| claim.until_ms).min()
    }

    /// Takes out the claims for which `ended` says so.
    pub(super) fn take_out(&mut self, ended: impl Fn(&Claim) -> bool) -> Vec<Claim> {
        let mut gone = Vec::new();
        for claims in [&mut self.holders, &mut self.waiters] {
            gone.extend(claims.iter().filter(|claim| ended(claim)).cloned());
            claims.retain(|claim| !ended(claim));
        }
        gone
    }

    /// No claim lasts longer than it was asked for, even if the authority's clock has been set back.
    pub(super) fn shorten(&mut self, now_ms: u64) {
        for holder in &mut self.holders {
            let latest = holder.ttl_ms.map(|ttl_ms| now_ms.saturating_add(ttl_ms));
            holder.until_ms = holder.until_ms.min(latest);
        }
    }

    /// Why the lease with this fence was taken away.
    pub(super) fn reason(&self, fence: u64) -> Option<Rc<str>> {
        let broken = self.broken.as_ref()?;
        (broken.fences.0..=broken.fences.1).contains(&fence).then(|| broken.reason.clone())
    }

    /// The holder beside which one of this mode cannot hold it.
    fn keeps_out(&self, mode: Mode) -> Option<&Claim> {
        self.holders.iter().find(|holder| Mode::Exclusive == mode || Mode::Exclusive == holder.mode)
    }

    /// Who keeps a new claim of this mode from being granted at once: a holder, or who came before.
    pub(super) fn in_the_way(&self, mode: Mode) -> Option<&Claim> {
        let before = || if self.waiters.is_empty() { None } else { self.holders.first().or(self.waiters.first()) };
        self.keeps_out(mode).or_else(before)
    }

    /// Takes the next one from the queue if it can be granted.
    pub(super) fn take_next(&mut self) -> Option<Claim> {
        let mode = self.waiters.first()?.mode;
        self.keeps_out(mode).is_none().then(|| self.waiters.remove(0))
    }

    /// Appends the bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(LAYOUT);
        for number in [self.version, self.created_seq, self.created_ms, self.updated_ms, self.seq] {
            write_varint(number, out);
        }
        write_value(self.value.as_deref(), out);
        write_claims(&self.holders, out);
        write_claims(&self.waiters, out);
        out.push(u8::from(self.broken.is_some()));
        if let Some(Broken { fences, reason }) = &self.broken {
            write_varint(fences.0, out);
            write_varint(fences.1, out);
            write_bytes(reason.as_bytes(), out);
        }
    }

    /// Reads bytes that are exactly a record.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.byte() != LAYOUT {
            reader.fail("an unknown layout");
        }
        let mut record = Self {
            version: reader.varint(),
            created_seq: reader.varint(),
            created_ms: reader.varint(),
            updated_ms: reader.varint(),
            seq: reader.varint(),
            ..Self::default()
        };
        record.value = read_value(&mut reader);
        record.holders = read_claims(&mut reader)?;
        record.waiters = read_claims(&mut reader)?;
        if read_flag(&mut reader) {
            let (fences, reason) = ((reader.varint(), reader.varint()), reader.text().into());
            record.broken = Some(Broken { fences, reason });
        }
        reader.end()?;
        record.check().map(|()| record)
    }

    /// What every record keeps to.
    fn check(&self) -> Result<(), Malformed> {
        let numbers = [self.version, self.created_seq, self.created_ms, self.updated_ms, self.seq];
        if numbers.into_iter().any(|number| number > COUNT_MAX) {
            return Err("a number that is too large");
        }
        if self.value.is_some() && self.version == 0 {
            return Err("a document without a version");
        }
        let alone = |claim: &Claim| claim.mode == Mode::Exclusive;
        if self.holders.len() > 1 && self.holders.iter().any(alone) {
            return Err("an exclusive holder beside others");
        }
        let mut last = 0;
        for holder in &self.holders {
            if holder.fence <= last || holder.fence > self.seq {
                return Err("fences that do not grow");
            }
            last = holder.fence;
        }
        if self.waiters.iter().any(|claim| claim.fence != 0) {
            return Err("a fence of one that waits");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_the_host_keeps_counts_as_what_it_says() {
        let counted = |document: &[u8]| document_bytes(document);
        assert_eq!([counted(&[1, 2, 3]), counted(&[OUTSIDE, 0xac, 2]), counted(&[OUTSIDE])], [3, 300, 0]);
        for bytes in [0, 5, 300, 67_108_864] {
            let record = Record { value: Some(kept_outside(bytes)), version: 1, ..Record::default() };
            assert_eq!(record.bytes(), bytes);
        }
    }
}
