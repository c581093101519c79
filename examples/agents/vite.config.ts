/** The demo is a plain Vite page: nothing here is for statehall, except the note on its size. */

import { defineConfig } from "vite";

export default defineConfig({
  // Relative addresses, so that the built page runs from any folder.
  base: "./",
  worker: { format: "es" },
  // The kernel is part of the script, as text, so that it needs no request of its own.
  build: { target: "es2022", chunkSizeWarningLimit: 1024 },
});
