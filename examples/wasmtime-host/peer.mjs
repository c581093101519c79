/**
 * The other side of "share": a session of the npm package, which exchanges frames with its host over standard input and
 * output. What it prints goes to standard error.
 */

// Outside this repository: from "statehall".
import { openHall } from "../../js/dist/entry/inline.js";

/** Carries frames over the pipes, each after its length in four bytes, the lowest first. */
const pipes = {
  open({ receive }) {
    let rest = Buffer.alloc(0);
    process.stdin.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE()) {
        const end = 4 + rest.readUInt32LE();
        receive(new Uint8Array(rest.subarray(4, end)));
        rest = rest.subarray(end);
      }
    });
  },
  send(frame) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(frame.length);
    process.stdout.write(Buffer.concat([length, frame]));
  },
  close() {
    process.stdin.destroy(); // it is all that keeps this process alive
  },
};

const hall = openHall({ name: "trip", agent: "node", share: [pipes] });
// Should the host go first, there is nobody to say goodbye to.
process.stdin.on("end", () => hall.close());
process.stdout.on("error", () => process.stdin.destroy());

hall.put("plan/city", "Braga");
hall.put("plan/hotel", "near the river");
hall.put("agents/node/status", "done");

// The host writes its status last. What comes later than that, if anything did, would not be waited for.
for await (const { value } of hall.watch("agents/host/status", { initial: true })) if (value === "done") break;

for (const [key, value] of hall.toMap()) console.error(`node: ${key} = ${value}`);
hall.close(); // tells what is still to be told, and says goodbye
