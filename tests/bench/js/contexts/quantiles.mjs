/** How long single operations take: most of them, and nearly all of them. Runs in Node and in pages. */

const QUANTILES = { p50: 0.5, p99: 0.99 };

/** What so much of the times is at most. */
export function quantile(times, part) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

/** Two rows of one subject's times for one operation, in nanoseconds. */
export function quantileRows(subject, operation, times) {
  return Object.entries(QUANTILES).map(([name, part]) => ({
    table: "contexts",
    case: `${operation}, ${name}`,
    subject,
    unit: "ns",
    median: quantile(times, part),
    min: quantile(times, 0),
    operations: times.length,
  }));
}
