/** The example, which also says how large the memories of its WebAssembly instances are. Rooms share its isolate. */

const memories = [];

WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(Instance, args) {
    const instance = new Instance(...args);
    memories.push(instance.exports.memory);
    return instance;
  },
});

// Not before, because it makes an instance.
const { default: worker, Room } = await import("../../src/worker.ts");

export { Room };

export default {
  fetch(request, env) {
    if (new URL(request.url).pathname !== "/memories") return worker.fetch(request, env);
    return Response.json(memories.map(({ buffer }) => buffer.byteLength));
  },
};
