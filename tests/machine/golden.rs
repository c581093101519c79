//! The golden traces, in both callback modes.

use crate::script::{Case, cases};
use crate::world::World;

const FILES: &[(&str, &str)] = &[
    ("actions.txt", include_str!("traces/actions.txt")),
    ("bad.txt", include_str!("traces/bad.txt")),
    ("bounds.txt", include_str!("traces/bounds.txt")),
    ("calls.txt", include_str!("traces/calls.txt")),
    ("enter.txt", include_str!("traces/enter.txt")),
    ("life.txt", include_str!("traces/life.txt")),
    ("modules.txt", include_str!("traces/modules.txt")),
    ("postpone.txt", include_str!("traces/postpone.txt")),
    ("timeouts.txt", include_str!("traces/timeouts.txt")),
];

#[test]
fn every_golden_trace_is_followed() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (file, text) in FILES {
        for case in cases(text) {
            for functions in case.modes() {
                count += 1;
                let seen = run(&case, functions);
                if seen != case.expected {
                    let (expected, seen) = (case.expected.join("\n  "), seen.join("\n  "));
                    wrong
                        .push(format!("{file}: {} functions={functions}\n  {expected}\nseen:\n  {seen}\n", case.title));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} are not followed:\n\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 100, "{count} cases are fewer than there were");
}

fn run(case: &Case, functions: bool) -> Vec<String> {
    let mut world = World::start(case, functions);
    for line in &case.steps {
        world.step(line);
    }
    world.seen
}
