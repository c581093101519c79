//! Where messages wait for a process.
//!
//! A mailbox is bounded, and a full one gives the message back: what to do then is the sender's
//! to decide. What the system itself puts in (a timer that came due, an order to stop) is never
//! refused, because it is bounded elsewhere. All of it leaves in the order in which it came,
//! except that a suspended process takes the orders and leaves the rest.

use std::collections::VecDeque;

/// Messages and orders in the order of their arrival.
pub struct Mailbox<M, O> {
    waiting: VecDeque<Item<M, O>>,
    messages: usize,
    orders: usize,
    capacity: usize,
}

/// What waits in a mailbox.
pub enum Item<M, O> {
    /// From a sender; counts against the capacity.
    Message(M),
    /// A timer that came due, by its number.
    Due(u64),
    /// From the system.
    Order(O),
}

impl<M, O> Mailbox<M, O> {
    /// An empty mailbox of so many places for messages.
    pub fn new(capacity: usize) -> Self {
        Self { waiting: VecDeque::new(), messages: 0, orders: 0, capacity }
    }

    /// Adds a message, or gives it back if there is no place.
    pub fn send(&mut self, message: M) -> Result<(), M> {
        if self.messages >= self.capacity {
            return Err(message);
        }
        self.messages += 1;
        self.waiting.push_back(Item::Message(message));
        Ok(())
    }

    /// Adds a timer that came due.
    pub fn due(&mut self, number: u64) {
        self.waiting.push_back(Item::Due(number));
    }

    /// Adds an order.
    pub fn order(&mut self, order: O) {
        self.orders += 1;
        self.waiting.push_back(Item::Order(order));
    }

    /// Takes what came first.
    pub fn take(&mut self) -> Option<Item<M, O>> {
        let item = self.waiting.pop_front()?;
        match item {
            Item::Message(_) => self.messages -= 1,
            Item::Order(_) => self.orders -= 1,
            Item::Due(_) => {}
        }
        Some(item)
    }

    /// Takes the order that came first, past everything else.
    pub fn take_order(&mut self) -> Option<O> {
        if self.orders == 0 {
            return None;
        }
        let place = self.waiting.iter().position(|item| matches!(item, Item::Order(_)))?;
        self.orders -= 1;
        match self.waiting.remove(place) {
            Some(Item::Order(order)) => Some(order),
            _ => None,
        }
    }

    /// The messages, the oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &M> {
        self.waiting.iter().filter_map(|item| if let Item::Message(message) = item { Some(message) } else { None })
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.messages
    }

    /// Whether nothing waits: no message, no timer, no order.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether an order waits.
    pub fn has_orders(&self) -> bool {
        self.orders > 0
    }

    /// Drops everything, and the places too.
    pub fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// Gives back places that are not used.
    pub fn shrink(&mut self) {
        self.waiting.shrink_to_fit();
    }
}
