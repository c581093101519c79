/** What a tab of the bench has at hand, as globals: the program evaluates calls of these. */

import * as burst from "./burst.js";
import * as contexts from "./contexts.js";
import * as joining from "./joining.js";
import * as latency from "./latency.js";
import * as workers from "./workers.js";

Object.assign(globalThis, { bench: { burst, contexts, joining, latency, workers } });
