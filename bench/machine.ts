import { readdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

const TICKS_PER_SECOND = 100;
/** Place of the stolen time in the first line of /proc/stat: behind user, nice, system, idle, iowait, irq and softirq. */
const STOLEN_FIELD = 8;
const KIB_PER_MIB = 1024;
const BYTES_PER_GIB = 1024 ** 3;

/** Fields of /proc/<pid>/stat behind the program's name; empty when the process is gone. */
function statOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid.toString()}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** A process and everything that it started. */
function familyOf(root: number): readonly number[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const parents = new Map(all.map((pid) => [pid, Number(statOf(pid)[1] ?? 0)]));
  const family = [root];
  for (const member of family) {
    for (const [pid, parent] of parents) if (parent === member) family.push(pid);
  }
  return family;
}

/** CPU seconds that a process and everything that it started have used. */
export function cpuSeconds(root: number): number {
  const ticks = familyOf(root).map((pid) => {
    const fields = statOf(pid);
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}

/** Resident memory of one process, in MiB; null where the system does not tell. */
export function residentMiB(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${pid.toString()}/status`, 'utf8');
    const kib = /VmRSS:\s+(\d+)/.exec(status)?.[1];
    return kib === undefined ? null : Number(kib) / KIB_PER_MIB;
  } catch {
    return null;
  }
}

/** Load of the last minute, as the system tells it. */
export function loadNow(): string {
  return (loadavg()[0] ?? 0).toFixed(2);
}

/** Processor time of all processors since the machine began, in ticks, and what of it its host gave to others meanwhile. */
function processorTicks(): { readonly all: number; readonly stolen: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const ticks = line
    .trim()
    .split(/\s+/)
    .slice(1, STOLEN_FIELD + 1)
    .map(Number);
  return { all: ticks.reduce((sum, one) => sum + one, 0), stolen: ticks.at(-1) ?? 0 };
}

/** Answers, later, the part of the processor time since now that the machine's host gave to others, in percent. */
export function watchStolen(): () => string {
  const before = processorTicks();
  return () => {
    const { all, stolen } = processorTicks();
    return ((100 * (stolen - before.stolen)) / Math.max(1, all - before.all)).toFixed(1);
  };
}

/** What kind of machine this is; names none. */
export function machineClass(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / BYTES_PER_GIB);
  const model = first?.model.trim() ?? 'unknown processor';
  return `${cpus().length.toString()} × ${model}, ${memory.toString()} GiB, ${process.platform} ${process.arch}`;
}
