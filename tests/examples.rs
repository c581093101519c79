//! Runs the examples.

#[path = "../examples/board.rs"]
#[allow(dead_code, reason = "an example has a main of its own")]
mod board;
#[path = "../examples/threads.rs"]
#[allow(dead_code, reason = "an example has a main of its own")]
mod threads;

#[test]
fn the_board_keeps_its_brief_up_to_date() {
    assert_eq!(board::run(), Ok("figures: 1869, 90; hedges: 1".into()));
}

#[test]
fn two_threads_see_the_same_hall() {
    let expected = "{\n  \"counts/ann\": 1000,\n  \"counts/bob\": 1000\n}";
    assert_eq!(threads::run(), [Ok(expected.to_owned()), Ok(expected.to_owned())]);
}
