/** Keys, and the order in which they are visited: prepared ahead, scattered, and the same for every subject. */

/** As many operations as a sample has at most. */
export const ORDER = 10_000;

/** So many keys. Each is one string that all subjects are given, with its hash already known. */
export function keysOf(count, text = (n) => `agents/${n}/status`) {
  const keys = Array.from({ length: count }, (_, n) => text(n));
  return Object.keys(Object.fromEntries(keys.map((key) => [key, true])));
}

/** The keys again and again, each round shuffled anew, always in the same way. */
export function scattered(keys, length = ORDER) {
  const random = randomFrom(1);
  const order = [];
  while (order.length < length) order.push(...shuffled(keys, random).slice(0, length - order.length));
  return order;
}

/** The items in another order. */
export function shuffled(items, random) {
  const mixed = [...items];
  for (let end = mixed.length - 1; end > 0; end--) {
    const other = Math.floor(random() * (end + 1));
    [mixed[end], mixed[other]] = [mixed[other], mixed[end]];
  }
  return mixed;
}

/** Numbers from 0 to 1 that are the same in every run (xorshift32). */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
