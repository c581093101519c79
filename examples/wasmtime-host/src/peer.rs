//! A hall shared with another process: here one of Node, which runs the npm package.
//!
//! On the pipe, each frame follows its length in four bytes, the lowest first. A pipe loses nothing, but it might:
//! whoever misses something notices, and asks.

use crate::hall::shown;
use crate::host::types::Value;
use crate::host::{Program, Room, Trouble};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// No frame is longer, whatever the other side says: it is the largest value of the limit `frame-bytes`.
const FRAME_BYTES_MAX: u32 = 1 << 20;

/// Writes beside the peer until it has left, and prints what this side has then.
pub fn share(program: &Program, script: &Path) -> wasmtime::Result<()> {
    let mut room = program.open("trip", "host", true)?;
    // Before either has heard of the other: both write this key, and the later write wins on both sides.
    room.put(room.hall, "plan/city", &Value::Text("Porto".into()))?;
    room.put(room.hall, "plan/days", &Value::Integer(3))?;
    room.put(room.hall, "agents/host/status", &Value::Text("done".into()))?;
    let mut peer = Peer::start(script)?;
    exchange(&mut room, &mut peer)?;
    let status = peer.end()?;
    println!("host: the peer has left ({status})");
    for (key, value) in room.entries()? {
        println!("host: {key} = {}", shown(Some(&value)));
    }
    room.close()?;
    if status.success() { Ok(()) } else { Err(wasmtime::format_err!("the peer has failed")) }
}

/// Carries frames both ways until the peer has left.
fn exchange(room: &mut Room, peer: &mut Peer) -> Result<(), Trouble> {
    loop {
        room.advance()?;
        loop {
            let frames = room.frames()?;
            if frames.is_empty() {
                break;
            }
            frames.iter().for_each(|frame| peer.send(frame));
        }
        // Asleep until a frame comes or something is due, so an idle hall costs nothing.
        let wait = room.next_wake()?.unwrap_or(Duration::MAX);
        match peer.inbox.recv_timeout(wait) {
            Ok(frame) => match room.receive(&frame) {
                // What is refused is dropped; if it was needed it is asked for again.
                Err(refused @ Trouble::Refused(_)) => eprintln!("host: a frame is refused ({refused})"),
                other => other?,
            },
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// A process at the other end of a pipe.
struct Peer {
    process: Child,
    /// None after the peer has stopped reading.
    outbox: Option<ChildStdin>,
    inbox: Receiver<Vec<u8>>,
}

impl Peer {
    fn start(script: &Path) -> wasmtime::Result<Self> {
        let mut node = Command::new("node");
        node.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = node.spawn().map_err(|error| wasmtime::format_err!("cannot start node: {error}"))?;
        let (Some(outbox), Some(mut pipe)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(wasmtime::format_err!("the peer has no pipes"));
        };
        let (found, inbox) = channel();
        // Reads whatever happens, so neither side ever waits for the other to read. It ends when the pipe does.
        thread::spawn(move || {
            while let Ok(Some(frame)) = read(&mut pipe) {
                if found.send(frame).is_err() {
                    break;
                }
            }
        });
        Ok(Self { process, outbox: Some(outbox), inbox })
    }

    /// Sends a frame, if there is anybody to read it.
    fn send(&mut self, frame: &[u8]) {
        let length = (frame.len() as u32).to_le_bytes();
        let sent = self.outbox.as_mut().map(|pipe| pipe.write_all(&length).and_then(|()| pipe.write_all(frame)));
        if let Some(Err(_)) = sent {
            self.outbox = None;
        }
    }

    /// Waits for the process, which has closed its pipe.
    fn end(mut self) -> io::Result<ExitStatus> {
        drop(self.outbox.take());
        self.process.wait()
    }
}

/// The next frame; none at the end of the pipe.
fn read(pipe: &mut ChildStdout) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if let Err(error) = pipe.read_exact(&mut length) {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let length = u32::from_le_bytes(length);
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no frame"));
    }
    let mut frame = vec![0; length as usize];
    pipe.read_exact(&mut frame)?;
    Ok(Some(frame))
}
