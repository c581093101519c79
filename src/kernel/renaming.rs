//! A new id for a session whose own somebody else has used.

use super::Kernel;
use super::command::Time;
use super::effect::Effect;
use crate::codec::hash;
use crate::error::{Code, Error};
use crate::replica::causal::Causal;
use crate::replica::clock::Hlc;
use crate::value::Stored;

impl<V: Stored> Kernel<V> {
    /// Notes if a context that has arrived with a frame knows more of this session than is true.
    pub(super) fn check_quote(&mut self, context: &Causal, frame: &[u8], time: Time) {
        if self.replica.is_misquoted(context) {
            self.replica.note_namesake(hash(frame), time.monotonic_ms);
            self.rename_if_due(time);
        }
    }

    /// Takes a new id if somebody has used this one, and writes anew what was written last: others
    /// may have taken it for seen before and deleted since. Whoever has it sees no change.
    pub(super) fn rename_if_due(&mut self, time: Time) {
        let Some(old) = self.replica.rename(time.monotonic_ms) else { return };
        // What is older the others have, or have deleted: that long deletes are remembered.
        let since = Hlc::at_ms(time.unix_ms.saturating_sub(self.options.tombstone_ms));
        let own = self.replica.cells.iter().filter(|(_, cell)| cell.stamp.session == old && cell.stamp.hlc >= since);
        let mut again: Vec<_> = own.map(|(index, _)| index).collect();
        self.replica.cells.sort(&mut again);
        for index in again {
            let kind = self.replica.cells.get(index).map(|cell| cell.kind);
            if let (Some(entry), Some(kind)) = (self.entries.get_mut(index), kind) {
                entry.updated_ms = time.unix_ms;
                self.replica.write(index, kind, time.unix_ms);
            }
        }
        let (old, new) = (old.text(), self.session().text());
        let taken = ["somebody else goes by the session's id ", &old, "; from now on it is ", &new];
        self.effects.push_back(Effect::Report(Error::of(Code::SessionTaken, &taken)));
        self.effects.push_back(Effect::Sessions);
    }
}
