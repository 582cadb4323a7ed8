/** The whole contract, by the model itself and by the model behind HTTP, in both encodings. */
import { describe } from "vitest";
import { systemClock, systemRandom } from "../../../src/base/index.js";
import { connect } from "../../../src/client/index.js";
import { createHttpServer } from "../../../src/http/index.js";
import { describeApi } from "../../conformance/api-suite.js";
import { newNode } from "../http/harness.js";

describeApi("the plain model", () => {
  const { store } = newNode();
  return Promise.resolve({ store, close: () => store.close() });
});

describe.each(["json", "msgpack"] as const)("over HTTP", (format) => {
  describeApi(`a client speaking ${format}`, async () => {
    const server = await createHttpServer({
      service: newNode(),
      port: 0,
      clock: systemClock,
      random: systemRandom,
    });
    const store = connect({ nodes: [server.address], format, consistency_level: "ONE" });
    return {
      store,
      async close() {
        await store.close();
        await server.close();
      },
    };
  });
});
