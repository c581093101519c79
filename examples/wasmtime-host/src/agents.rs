//! Two agents that share a hall. Neither knows the other: each watches keys, and writes keys.

use crate::hall::{put, shown};
use crate::host::types::{Selector, Value};
use crate::host::{Room, Trouble};
use wasmtime::component::ResourceAny;

/// What the planner knows: where one can go, and what it costs, the dearest first.
const CITIES: [(&str, i64); 4] = [("Lisbon", 900), ("Madrid", 750), ("Porto", 550), ("Braga", 380)];

/// One agent: a handle of its own, a watcher, and what it does when that has something.
pub struct Agent {
    hall: ResourceAny,
    watcher: ResourceAny,
    watcher_id: u32,
    react: fn(&mut Room, ResourceAny) -> Result<(), Trouble>,
}

/// Lets both agents in. They begin with what is there, so an agent that comes late, or comes again after a trap, knows
/// as much as one that was always there.
pub fn enter(room: &mut Room) -> Result<[Agent; 2], Trouble> {
    let planner = Agent::enter(room, "planner", &Selector::Text("verdict".into()), plan)?;
    let keys = ["budget", "plan/city", "plan/cost"].map(str::to_owned).to_vec();
    let critic = Agent::enter(room, "critic", &Selector::Keys(keys), criticize)?;
    Ok([planner, critic])
}

/// Gives turns to the agents until neither has anything to react to. After each turn the host keeps a snapshot. Returns
/// the number of turns.
pub fn run(room: &mut Room, agents: &[Agent], snapshot: &mut Vec<u8>) -> Result<usize, Trouble> {
    let mut turns = 0;
    loop {
        let ready = room.ready()?;
        let Some(agent) = agents.iter().find(|agent| ready.contains(&agent.watcher_id)) else { return Ok(turns) };
        // What has changed is not needed here: both look at what is there now.
        room.take(agent.watcher)?;
        (agent.react)(room, agent.hall)?;
        *snapshot = room.snapshot()?;
        turns += 1;
    }
}

impl Agent {
    fn enter(
        room: &mut Room,
        name: &str,
        selector: &Selector,
        react: fn(&mut Room, ResourceAny) -> Result<(), Trouble>,
    ) -> Result<Self, Trouble> {
        let hall = room.as_agent(name)?;
        let (watcher, watcher_id) = room.watch(selector)?;
        Ok(Self { hall, watcher, watcher_id, react })
    }
}

/// The planner: proposes what is cheaper than what was refused.
fn plan(room: &mut Room, hall: ResourceAny) -> Result<(), Trouble> {
    let verdict = shown(room.get("verdict")?.as_ref());
    if verdict == "agreed" {
        return Ok(());
    }
    let refused = number(room, "plan/cost")?.unwrap_or(i64::MAX);
    let Some((city, cost)) = CITIES.into_iter().find(|(_, cost)| *cost < refused) else {
        println!("planner: I know nothing cheaper");
        return Ok(());
    };
    println!("planner: {city} for {cost}");
    // One commit: the critic never sees a city with the cost of another.
    room.batch(hall, &[put("plan/city", Value::Text(city.into())), put("plan/cost", Value::Integer(cost))])
}

/// The critic: compares the cost with the budget.
fn criticize(room: &mut Room, hall: ResourceAny) -> Result<(), Trouble> {
    let (Some(budget), cost) = (number(room, "budget")?, number(room, "plan/cost")?) else { return Ok(()) };
    let verdict = match cost {
        None => format!("a plan for {budget}, please"),
        Some(cost) if cost <= budget => "agreed".into(),
        Some(cost) => format!("too dear by {}", cost - budget),
    };
    // The same verdict again changes nothing, and nobody is told.
    if room.put(hall, "verdict", &Value::Text(verdict.clone()))?.changed {
        println!("critic: {verdict}");
    }
    Ok(())
}

fn number(room: &mut Room, key: &str) -> Result<Option<i64>, Trouble> {
    Ok(match room.get(key)? {
        Some(Value::Integer(number)) => Some(number),
        _ => None,
    })
}
