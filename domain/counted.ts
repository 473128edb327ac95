/** A number with what is counted, in the form that goes with it: `1 address`, `2 addresses`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toString()} ${count === 1 ? one : many}`;
}
