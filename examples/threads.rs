//! One hall in two threads: each has a session of its own, and they exchange frames.
//!
//! The channel could as well be a socket: frames may be lost, doubled and reordered. Run with
//! `cargo run --example threads`.

use statehall::{Error, Hall, Options};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Takes part until everybody has counted; returns what this session then sees.
fn participate(agent: &str, others: &Sender<Vec<u8>>, inbox: &Receiver<Vec<u8>>) -> Result<String, Error> {
    let hall = Hall::open(Options { name: "count".into(), agent: agent.into(), share: true, ..Options::default() })?;
    let send = || hall.frames().for_each(|frame| drop(others.send(frame)));
    for n in 1..=1_000 {
        // Each agent writes its own key, so that no write competes with another.
        hall.put(["counts", agent], n)?;
    }
    while hall.to_map("counts/*")?.values().filter(|count| count.as_integer() == Some(1_000)).count() < 2 {
        hall.advance()?;
        send();
        let wait = hall.next_wake().unwrap_or(Duration::from_secs(1));
        match inbox.recv_timeout(wait) {
            Ok(frame) => hall.receive(&frame)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // The other may still lack what this one has: answer until it has left or has nothing to ask.
    while hall.sessions()?.len() > 1 {
        hall.advance()?;
        send();
        match inbox.recv_timeout(Duration::from_millis(100)) {
            Ok(frame) => hall.receive(&frame)?,
            Err(_) => break,
        }
    }
    let seen = hall.export("**")?;
    hall.close();
    send();
    Ok(seen)
}

/// Runs both threads and returns what each of them sees in the end.
pub fn run() -> Vec<Result<String, Error>> {
    let (to_ann, from_bob) = channel();
    let (to_bob, from_ann) = channel();
    let ann = thread::spawn(move || participate("ann", &to_bob, &from_bob));
    let bob = thread::spawn(move || participate("bob", &to_ann, &from_ann));
    [ann, bob].into_iter().filter_map(|thread| thread.join().ok()).collect()
}

fn main() -> Result<(), Error> {
    run().into_iter().try_for_each(|seen| seen.map(|seen| println!("{seen}")))
}
