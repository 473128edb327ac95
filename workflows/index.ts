// Exactly the workflows in the bundle.
export { incident } from './incident.ts';
export { containmentWatch } from './containment-watch.ts';
export { reconcile } from './reconcile.ts';
export { sync } from './sync.ts';
