/**
 * Snapshots in the SQLite database of a Durable Object.
 *
 * A row holds at most 2 MB, so a snapshot is cut into parts. They are written in one transaction: after a crash there
 * is the old snapshot or the new one, and never some of both.
 */

const PART_BYTES = 1_000_000;

/** The stored snapshot, if there is one. */
export function load(storage: DurableObjectStorage): Uint8Array | undefined {
  storage.sql.exec("CREATE TABLE IF NOT EXISTS snapshot (part INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
  const rows = storage.sql.exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM snapshot ORDER BY part").toArray();
  if (rows.length === 0) return undefined;
  const snapshot = new Uint8Array(rows.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
  let at = 0;
  for (const { bytes } of rows) {
    snapshot.set(new Uint8Array(bytes), at);
    at += bytes.byteLength;
  }
  return snapshot;
}

/** Replaces the stored snapshot. */
export function save(storage: DurableObjectStorage, snapshot: Uint8Array): void {
  storage.transactionSync(() => {
    let part = 0;
    for (let at = 0; at < snapshot.length; at += PART_BYTES) {
      const bytes = snapshot.subarray(at, at + PART_BYTES);
      storage.sql.exec("INSERT OR REPLACE INTO snapshot (part, bytes) VALUES (?, ?)", part++, bytes);
    }
    storage.sql.exec("DELETE FROM snapshot WHERE part >= ?", part);
  });
}
