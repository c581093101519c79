//! What goes wrong, and how the host gets over it.

use crate::agents;
use crate::hall::{put, shown};
use crate::host::types::{Code, Error, Selector, Value};
use crate::host::{Program, Room, Trouble};

/// Writes until the hall refuses. Its limits are lower than the store's, so this is an answer and not a trap.
pub fn reach_a_limit(room: &mut Room) -> Result<(), Trouble> {
    let mut notes = 0;
    let refusal = loop {
        match room.put(room.hall, &format!("notes/{notes}"), &Value::Bytes(vec![0; 16 << 10])) {
            Ok(_) => notes += 1,
            Err(refusal @ Trouble::Refused(Error { code: Code::Limit, .. })) => break refusal,
            Err(trouble) => return Err(trouble),
        }
    };
    println!("host: after {notes} notes the hall refuses another ({refusal})");
    let cleared = room.clear(&Selector::Text("notes/*".into()))?;
    println!("host: it goes on: {cleared} notes cleared, {} entries left", room.usage()?.entries);
    Ok(())
}

/// Runs out of fuel in the middle of a batch, and returns what a fresh store has made of the last snapshot.
pub fn trap_and_recover(program: &Program, mut room: Room, snapshot: &[u8]) -> Result<Room, Trouble> {
    // Acknowledged, and yet not in the snapshot: this is what a trap can cost.
    room.put(room.hall, "notes/late", &Value::Text("written after the last snapshot".into()))?;
    // Within every limit of the hall, but more than one call may do.
    let many: Vec<_> = (0..10_000).map(|n| put(format!("notes/{}", n % 100), Value::Integer(n))).collect();
    match room.batch(room.hall, &many) {
        Err(Trouble::Lost(trap)) => println!("host: a batch of {} has trapped ({})", many.len(), trap.root_cause()),
        other => return other.map(|()| room),
    }
    match room.get("plan/city") {
        Err(Trouble::Lost(trap)) => println!("host: the store is lost ({})", trap.root_cause()),
        other => return other.map(|_| room),
    }
    // Nothing in it can be called any more, not even to drop a handle: the store goes as a whole.
    drop(room);
    let mut room = program.open("trip", "host", false)?;
    room.restore(snapshot)?;
    let (city, late) = (room.get("plan/city")?, room.get("notes/late")?);
    println!(
        "host: restored {} entries in a new store: plan/city is {}, notes/late is {}",
        room.usage()?.entries,
        shown(city.as_ref()),
        shown(late.as_ref())
    );
    Ok(room)
}

/// Agents have gone with the store, and come again: watchers are not in a snapshot.
pub fn go_on(room: &mut Room, snapshot: &mut Vec<u8>) -> Result<(), Trouble> {
    let agents = agents::enter(room)?;
    println!("host: the budget is 400");
    room.put(room.hall, "budget", &Value::Integer(400))?;
    let turns = agents::run(room, &agents, snapshot)?;
    println!("host: agreed on {} after {turns} turns", shown(room.get("plan/city")?.as_ref()));
    Ok(())
}
