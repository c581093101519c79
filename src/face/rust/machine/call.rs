//! A call: a future of its reply.

use crate::error::{Code, Error};
use crate::process::call::{CallId, Calls};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The open calls of one machine, shared with whoever waits.
pub(super) type OpenCalls<R> = Rc<RefCell<Calls<(), Rc<Waiter<R>>>>>;

/// One that waits for a reply.
pub(super) struct Waiter<R> {
    result: Cell<Option<Result<R, Error>>>,
    waker: Cell<Option<Waker>>,
}

impl<R> Waiter<R> {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self { result: Cell::new(None), waker: Cell::new(None) })
    }

    /// Ends the call. What is returned is to be woken when nothing is borrowed.
    pub(super) fn end(&self, result: Result<R, Error>) -> Option<Waker> {
        self.result.set(Some(result));
        self.waker.take()
    }
}

/// What a machine answers, until it is dropped: a future. Made by [`Machine::call`](super::Machine::call).
///
/// Errors: `timeout` if it has waited as long as it may; `closed` with the reason if the machine has ended, or had.
#[must_use = "dropping it gives the call up"]
pub struct Call<R> {
    calls: OpenCalls<R>,
    id: CallId,
    waiter: Rc<Waiter<R>>,
}

impl<R> Call<R> {
    pub(super) fn new(calls: OpenCalls<R>, id: CallId, waiter: Rc<Waiter<R>>) -> Self {
        Self { calls, id, waiter }
    }

    /// The answer if it is there; `None` if it has not come, or was taken already.
    pub fn take(&mut self) -> Option<Result<R, Error>> {
        self.waiter.result.take()
    }
}

impl<R> Future for Call<R> {
    type Output = Result<R, Error>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(result) = self.waiter.result.take() {
            return Poll::Ready(result);
        }
        drop(self.waiter.waker.replace(Some(task.waker().clone())));
        Poll::Pending
    }
}

impl<R> Drop for Call<R> {
    fn drop(&mut self) {
        // It is borrowed only while nobody else's code runs.
        if let Ok(mut calls) = self.calls.try_borrow_mut() {
            calls.leave(self.id);
        }
    }
}

impl<R> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("id", &self.id.0).finish()
    }
}

/// The error of a call that has waited as long as it may.
pub(super) fn timed_out() -> Error {
    Error::new(Code::Timeout, "the machine has not replied in time")
}
