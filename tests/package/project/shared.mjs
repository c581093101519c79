/** Two shared halls of one name in one program. They stay open on purpose: that must keep no process alive. */

import { openHall } from "statehall";

const ann = openHall({ name: "shared", agent: "ann", share: true });
ann.put("from", "ann", { ttl: 600_000 });
const bob = openHall({ name: "shared", agent: "bob", share: true });
await bob.ready;
bob.watch("**", () => {});
console.log(JSON.stringify({ from: bob.get("from"), agents: bob.sessions().map(({ agent }) => agent) }));
