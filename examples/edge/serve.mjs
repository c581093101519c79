/** Serves the Worker on localhost, with two users to try. What they put stays in dist/rooms. */

import { join } from "node:path";
import { bundle, here, start } from "./workerd.mjs";

const users = { "token-of-ann-0001": "ann", "token-of-bob-0001": "bob" };
const workerd = await start(await bundle(), {
  users,
  persist: join(here, "dist/rooms"),
  port: Number(process.env.PORT ?? 8787),
});
console.log(
  `Serving ${await workerd.ready} to ${Object.entries(users)
    .map(([token, name]) => `${name} (${token})`)
    .join(" and ")}. Ctrl-C stops it.`,
);
