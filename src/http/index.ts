/** The store over HTTP: a server that listens, and the same API as an Express app to mount. */
export { createHttpApp } from "./express-app.js";
export type { HttpApp } from "./express-app.js";
export { defaultHttpLimits } from "./options.js";
export type { HttpLimits, HttpOptions, Observation } from "./options.js";
export { createHttpServer } from "./server.js";
export type { HttpServer, HttpServerOptions } from "./server.js";
