//! Halls in a simulated world: several kernels, virtual time, a faulty network, one seed.
//!
//! A seed draws a [`plan`], the plan a [`world`] of [`node`]s and a [`network`]; the world lives
//! for some steps of [`deeds`], then its faults stop and it must [`heal`]. Everything is decided
//! by the seed, so a seed is a whole story, and what fails once fails again.

pub mod deeds;
pub mod heal;
pub mod network;
pub mod node;
pub mod plan;
pub mod statistics;
pub mod world;

use super::kind::Kind;
use super::testref::TestRef;
use plan::{Plan, Profile};
use statehall::Value;
use statistics::Statistics;
use world::World;

/// Lives through a seed and returns the hash of all that happened. Panics if it should not have.
pub fn live(seed: u64, profile: Profile, verbose: bool, statistics: &mut Statistics) -> u64 {
    // Neighbouring seeds alternate between the kinds of values.
    if seed.is_multiple_of(2) {
        live_with::<Value>(seed, profile, verbose, statistics)
    } else {
        live_with::<TestRef>(seed, profile, verbose, statistics)
    }
}

/// The same with a kind of values.
pub fn live_with<V: Kind>(seed: u64, profile: Profile, verbose: bool, statistics: &mut Statistics) -> u64 {
    let plan = Plan::draw(seed, profile);
    let mut world = World::<V>::new(seed, plan, verbose);
    for _ in 0..world.plan.steps {
        world.step();
    }
    world.heal();
    let hash = world.hash();
    statistics.add(&world.end());
    hash
}
