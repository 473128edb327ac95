// The import rules and the guard's alone, for lint runs on a planted tree: no type information is needed.
import { guardRules, importRules } from '../../eslint.config.js';

export default [...importRules, ...guardRules];
