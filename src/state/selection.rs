//! Which watches select a key: a trie of selectors, by segment.
//!
//! Matching walks the key's own segments; at each it may also follow the `*` branch. It never
//! looks at selectors that differ from the key in a literal segment.

use crate::key::{Selector, cut};
use crate::order::sort;
use crate::table::{Index, TextHasher, spread};

/// A watch of a session; printable, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(pub u32);

struct Node {
    parent: u32,
    segment: Box<str>,
    children: u32,
    /// Watches whose selector ends here.
    exact: Vec<u32>,
    /// Watches whose selector continues with `**`.
    below: Vec<u32>,
}

/// The trie. See the module.
pub struct Selection {
    hasher: TextHasher,
    nodes: Vec<Node>,
    free: Vec<u32>,
    children: Index,
    stars: usize,
}

const ROOT: u32 = 0;

impl Selection {
    /// Selects nothing.
    pub fn new(seed: u64) -> Self {
        let root = Node { parent: ROOT, segment: "".into(), children: 0, exact: Vec::new(), below: Vec::new() };
        let hasher = TextHasher::new(seed);
        Self { hasher, nodes: vec![root], free: Vec::new(), children: Index::default(), stars: 0 }
    }

    /// Adds a watch under its selector.
    pub fn add(&mut self, selector: &Selector, watch: WatchId) {
        for_each_path(selector, |path, below| {
            let node = path.fold(ROOT, |node, segment| self.child(node, segment));
            let node = &mut self.nodes[node as usize];
            if below { &mut node.below } else { &mut node.exact }.push(watch.0);
        });
    }

    /// Removes a watch that was added under the selector.
    pub fn remove(&mut self, selector: &Selector, watch: WatchId) {
        for_each_path(selector, |mut path, below| {
            let found = Iterator::try_fold(&mut path, ROOT, |node, segment| self.find(node, segment));
            let Some(node) = found else { return };
            let found = &mut self.nodes[node as usize];
            if below { &mut found.below } else { &mut found.exact }.retain(|&other| other != watch.0);
            self.prune(node);
        });
    }

    /// The watches that select a key, in the order in which they were opened.
    pub fn matching(&self, key: &str) -> Vec<WatchId> {
        let mut found = Vec::new();
        self.collect(ROOT, Some(key), &mut found);
        sort(&mut found, &|a, b| a.cmp(&b));
        found.dedup();
        found.into_iter().map(WatchId).collect()
    }

    fn collect(&self, node: u32, rest: Option<&str>, found: &mut Vec<u32>) {
        let Some(rest) = rest else {
            return found.extend_from_slice(&self.nodes[node as usize].exact);
        };
        found.extend_from_slice(&self.nodes[node as usize].below);
        let (segment, rest) = cut(rest);
        if let Some(child) = self.find(node, segment) {
            self.collect(child, rest, found);
        }
        if self.stars > 0
            && let Some(child) = self.find(node, "*")
        {
            self.collect(child, rest, found);
        }
    }

    fn find(&self, parent: u32, segment: &str) -> Option<u32> {
        self.children.find(self.hash(parent, segment), |child| self.is(child, parent, segment))
    }

    fn hash(&self, parent: u32, segment: &str) -> u32 {
        self.hasher.hash(segment) ^ spread(parent.into())
    }

    fn is(&self, node: u32, parent: u32, segment: &str) -> bool {
        let node = &self.nodes[node as usize];
        node.parent == parent && *node.segment == *segment
    }

    fn child(&mut self, parent: u32, segment: &str) -> u32 {
        if let Some(child) = self.find(parent, segment) {
            return child;
        }
        let node = Node { parent, segment: segment.into(), children: 0, exact: Vec::new(), below: Vec::new() };
        let child = self.free.pop().unwrap_or(self.nodes.len() as u32);
        match self.nodes.get_mut(child as usize) {
            Some(place) => *place = node,
            None => self.nodes.push(node),
        }
        self.nodes[parent as usize].children += 1;
        self.stars += usize::from(segment == "*");
        self.children.insert(self.hash(parent, segment), child);
        child
    }

    /// Removes a node that nothing needs any more, and then its parents.
    fn prune(&mut self, mut node: u32) {
        while node != ROOT {
            let gone = &self.nodes[node as usize];
            if gone.children > 0 || !gone.exact.is_empty() || !gone.below.is_empty() {
                return;
            }
            self.stars -= usize::from(&*gone.segment == "*");
            let parent = gone.parent;
            self.children.remove(self.hash(parent, &gone.segment), node);
            self.nodes[node as usize].segment = "".into();
            self.free.push(node);
            self.nodes[parent as usize].children -= 1;
            node = parent;
        }
    }
}

/// Calls with each path of a selector, and whether it continues with `**`.
fn for_each_path(selector: &Selector, mut each: impl FnMut(&mut dyn Iterator<Item = &str>, bool)) {
    match selector {
        Selector::Key(key) => each(&mut key.segments(), false),
        Selector::Keys(keys) => keys.iter().for_each(|key| each(&mut key.segments(), false)),
        Selector::Pattern(pattern) => {
            match pattern.strip_suffix("**").filter(|path| path.is_empty() || path.ends_with('/')) {
                Some("") => each(&mut std::iter::empty(), true),
                Some(path) => each(&mut path.trim_end_matches('/').split('/'), true),
                None => each(&mut pattern.split('/'), false),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;

    #[test]
    fn the_trie_agrees_with_the_selector_and_empties_again() {
        let texts = ["a", "a/*", "a/**", "*", "**", "a/b", "*/b", "a/*/c", "*/*", "a/b/**"];
        let selectors: Vec<_> = texts.iter().map(|text| Selector::parse(text).unwrap()).collect();
        let mut selection = Selection::new(1);
        for (n, selector) in selectors.iter().enumerate() {
            selection.add(selector, WatchId(n as u32));
        }
        for text in ["a", "b", "a/b", "c/b", "a/b/c", "a/x/c", "a/b/c/d"] {
            let key = Key::parse(text).unwrap();
            let expected = selectors.iter().enumerate().filter(|(_, selector)| selector.matches(&key));
            let expected: Vec<_> = expected.map(|(n, _)| WatchId(n as u32)).collect();
            assert_eq!(selection.matching(text), expected, "{text}");
        }
        for (n, selector) in selectors.iter().enumerate() {
            selection.remove(selector, WatchId(n as u32));
        }
        assert_eq!((selection.children.len(), selection.stars), (0, 0));
        assert_eq!(selection.free.len() + 1, selection.nodes.len());
    }
}
