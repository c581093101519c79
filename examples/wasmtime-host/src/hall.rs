//! The calls that this program makes, each with the time and the fuel that it needs.

use crate::host::state::{Command, PutCommand, Usage, Written};
use crate::host::types::{Selector, Value};
use crate::host::watchers::{Taken, WatchOptions};
use crate::host::{Room, Trouble};
use std::time::Duration;
use wasmtime::component::ResourceAny;

impl Room {
    /// Another handle, whose changes bear this agent's name.
    pub fn as_agent(&mut self, agent: &str) -> Result<ResourceAny, Trouble> {
        let hall = self.hall;
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_as_agent(store, hall, agent))
    }

    /// Writes a value.
    pub fn put(&mut self, hall: ResourceAny, key: &str, value: &Value) -> Result<Written, Trouble> {
        let now_ms = self.now().unix_ms;
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_put(store, hall, key, value, now_ms))
    }

    /// Carries out several commands, all or nothing.
    pub fn batch(&mut self, hall: ResourceAny, commands: &[Command]) -> Result<(), Trouble> {
        let now_ms = self.now().unix_ms;
        let done =
            self.call(|store, kernel| kernel.statehall_hall_state().hall().call_batch(store, hall, commands, now_ms));
        done.map(drop)
    }

    /// The value of a key.
    pub fn get(&mut self, key: &str) -> Result<Option<Value>, Trouble> {
        let hall = self.hall;
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_get(store, hall, key))
    }

    /// All keys and values.
    pub fn entries(&mut self) -> Result<Vec<(String, Value)>, Trouble> {
        let hall = self.hall;
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_to_map(store, hall, None))
    }

    /// Deletes what is selected.
    pub fn clear(&mut self, selector: &Selector) -> Result<u64, Trouble> {
        let (hall, now_ms) = (self.hall, self.now().unix_ms);
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_clear(store, hall, Some(selector), now_ms))
    }

    /// What the hall uses.
    pub fn usage(&mut self) -> Result<Usage, Trouble> {
        let hall = self.hall;
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_usage(store, hall))
    }

    /// Watches what is selected, beginning with what is there: the watcher and its id.
    pub fn watch(&mut self, selector: &Selector) -> Result<(ResourceAny, u32), Trouble> {
        let hall = self.hall;
        let (filter, owner, deliver_ms, capacity, overflow) = (None, None, None, None, None);
        let options = WatchOptions { initial: true, filter, owner, deliver_ms, capacity, overflow };
        self.call(|store, kernel| {
            let watchers = kernel.statehall_hall_watchers();
            match watchers.call_watch(&mut *store, hall, selector, &options)? {
                Ok(watcher) => Ok(Ok((watcher, watchers.watcher().call_id(&mut *store, watcher)?))),
                Err(error) => Ok(Err(error)),
            }
        })
    }

    /// The watchers that have something to take.
    pub fn ready(&mut self) -> Result<Vec<u32>, Trouble> {
        let hall = self.hall;
        self.call(|store, kernel| kernel.statehall_hall_watchers().call_ready(store, hall, 16).map(Ok))
    }

    /// Takes what a watcher has.
    pub fn take(&mut self, watcher: ResourceAny) -> Result<Taken, Trouble> {
        self.call(|store, kernel| kernel.statehall_hall_watchers().watcher().call_take(store, watcher, 64).map(Ok))
    }

    /// The whole state as bytes.
    pub fn snapshot(&mut self) -> Result<Vec<u8>, Trouble> {
        let hall = self.hall;
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_snapshot(store, hall))
    }

    /// Joins the state of a snapshot to this one.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), Trouble> {
        let (hall, now) = (self.hall, self.now());
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_restore(store, hall, snapshot, now))
    }

    /// Lets time pass.
    pub fn advance(&mut self) -> Result<(), Trouble> {
        let (hall, now) = (self.hall, self.now());
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_advance(store, hall, now))
    }

    /// How long nothing is to be done.
    pub fn next_wake(&mut self) -> Result<Option<Duration>, Trouble> {
        let (hall, now) = (self.hall, self.now());
        let wake_ms =
            self.call(|store, kernel| kernel.statehall_hall_state().hall().call_next_wake(store, hall, now))?;
        Ok(wake_ms.map(Duration::from_millis))
    }

    /// Frames for the others; none if there are none left.
    pub fn frames(&mut self) -> Result<Vec<Vec<u8>>, Trouble> {
        let hall = self.hall;
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_frames(store, hall, 64).map(Ok))
    }

    /// Takes in a frame of another session.
    pub fn receive(&mut self, frame: &[u8]) -> Result<(), Trouble> {
        let (hall, now) = (self.hall, self.now());
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_receive(store, hall, frame, now))
    }

    /// Closes the first handle.
    pub fn close(&mut self) -> Result<(), Trouble> {
        let hall = self.hall;
        self.call(|store, kernel| kernel.statehall_hall_state().hall().call_close(store, hall).map(Ok))
    }
}

/// A put, for a batch.
pub fn put(key: impl Into<String>, value: Value) -> Command {
    Command::Put(PutCommand { key: key.into(), value, options: None })
}

/// A value as people read it. Lists and maps are CBOR, which this program does not use.
pub fn shown(value: Option<&Value>) -> String {
    match value {
        None => "absent".into(),
        Some(Value::Null) => "null".into(),
        Some(Value::Boolean(truth)) => truth.to_string(),
        Some(Value::Integer(number)) => number.to_string(),
        Some(Value::Float(number)) => number.to_string(),
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Bytes(bytes)) => format!("{} bytes", bytes.len()),
        Some(Value::Cbor(cbor)) => format!("{} bytes of CBOR", cbor.len()),
    }
}
