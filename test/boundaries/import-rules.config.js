// The import rules alone, for lint runs on a planted tree: no type information is needed.
export { importRules as default } from '../../eslint.config.js';
