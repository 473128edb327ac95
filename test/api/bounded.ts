import { expect } from '@jest/globals';

/**
 * Bounds of a growth class, not of a speed: what they catch is quadratic work, which takes minutes of these inputs, and
 * bodies kept whole. A busy machine alone costs a second, and so does what a first call loads.
 */
const CPU_MS_MAX = 5_000;
const GROWTH_BYTES_MAX = 128 * 1024 * 1024;

/**
 * Runs `work` and expects that it took little processor time and memory, in this process, server and client
 * together: at its peak and afterwards.
 */
export async function bounded<T>(work: () => T | Promise<T>): Promise<T> {
  const peak = process.resourceUsage().maxRSS;
  const resident = process.memoryUsage.rss();
  const started = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1000).toBeLessThan(CPU_MS_MAX);
  expect((process.resourceUsage().maxRSS - peak) * 1024).toBeLessThan(GROWTH_BYTES_MAX);
  expect(process.memoryUsage.rss() - resident).toBeLessThan(GROWTH_BYTES_MAX);
  return value;
}
