// Nothing reaches another system's write but through the guard. Three gates make that so, and each has few doors, named
// here: who makes a permit, who calls the verbs of an action that change the world, who sends requests at all.

/** Files that make permits: the guard's own, and the one that only tells people (R0). */
const PERMITS = ['activities/effect.ts', 'app/tell.ts'];

/** Files that call `apply`, `ensure` or `revert` of an action. */
const CALLERS = [
  'activities/try-effect.ts',
  'activities/revert.ts',
  'activities/watch-containments.ts',
  'app/tell.ts',
];

/** Files that hold a client, and ask for the permit before they send. */
const SENDERS = [
  'connectors/http.ts',
  'connectors/http-transport.ts',
  'connectors/kubernetes/connection.ts',
  'connectors/mail/client.ts',
  'connectors/slack/client.ts',
];

/** Files that may say of a request that it changes nothing although its method could. */
const READERS = [
  'connectors/http.ts',
  'connectors/client-credentials.ts',
  'connectors/airflow/client.ts',
  'connectors/airflow/task-instances.ts',
  'connectors/kubernetes/client.ts',
];

const VERBS = ['apply', 'ensure', 'revert'];
const NETWORK = /^(node:)?(https?|http2|net|tls|dgram)$|^undici$|^nodemailer$|^@slack\/web-api$/u;

const nameOf = (key) => (key.type === 'Identifier' ? key.name : key.value);

/** The path below the root, with slashes. */
function placeOf(context) {
  const path = context.filename.replaceAll('\\', '/');
  const root = context.cwd.replaceAll('\\', '/');
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

/** True for `() => Promise.reject(…)`: a permit that refuses everything opens no way. */
function refusesAll({ type, body }) {
  if (type !== 'ArrowFunctionExpression' || body.type !== 'CallExpression') return false;
  const { callee } = body;
  return callee.type === 'MemberExpression' && nameOf(callee.property) === 'reject';
}

/** True for `{ permit: … }`, `{ permit() {} }` and `context.permit = …`, false for a pattern that takes one out. */
function makesPermit(node) {
  if (node.type === 'Property') return nameOf(node.key) === 'permit' && !refusesAll(node.value);
  const { left } = node;
  return left.type === 'MemberExpression' && nameOf(left.property) === 'permit';
}

function create(context) {
  const place = placeOf(context);
  const refuse = (node, messageId) => {
    context.report({ node, messageId });
  };
  const visitor = {};
  if (!PERMITS.includes(place)) {
    const permit = (node) => {
      if (makesPermit(node)) refuse(node, 'permit');
    };
    visitor['ObjectExpression > Property'] = permit;
    visitor['AssignmentExpression'] = permit;
  }
  // A connector's own parts pass on the context that they are given.
  if (!CALLERS.includes(place) && !place.startsWith('connectors/')) {
    visitor['CallExpression > MemberExpression.callee'] = (node) => {
      const { arguments: given } = node.parent;
      const called = node.object.name === 'Reflect' ? given[0]?.property : node.property;
      const isEffect = called && VERBS.includes(nameOf(called)) && given.length === 3;
      if (isEffect) refuse(node, 'verb');
    };
    // Taken out of its action it would be called by another name.
    visitor['ObjectPattern > Property'] = (node) => {
      const isEffect = VERBS.includes(nameOf(node.key));
      if (isEffect && place.startsWith('activities/')) refuse(node, 'verb');
    };
  }
  if (place.startsWith('connectors/')) watchConnector(visitor, { place, refuse });
  return visitor;
}

/** A connector sends through a client that asks for the permit, and says of few requests that they only read. */
function watchConnector(visitor, { place, refuse }) {
  if (!SENDERS.includes(place)) {
    visitor['ImportDeclaration[importKind!="type"]'] = (node) => {
      if (NETWORK.test(node.source.value) && hasValues(node)) refuse(node, 'network');
    };
    visitor['ImportExpression'] = (node) => {
      if (NETWORK.test(node.source.value ?? '')) refuse(node, 'network');
    };
    visitor['CallExpression[callee.name="fetch"]'] = (node) => {
      refuse(node, 'network');
    };
  }
  if (!READERS.includes(place)) {
    const inner = visitor['ObjectExpression > Property'];
    visitor['ObjectExpression > Property'] = (node) => {
      inner?.(node);
      if (nameOf(node.key) === 'readOnly') refuse(node, 'reading');
    };
  }
}

/** Errors of a library are values too, but send nothing. */
function hasValues({ specifiers }) {
  return specifiers.some(
    ({ importKind, imported }) => importKind !== 'type' && !/Error$/u.test(imported?.name ?? ''),
  );
}

export const guardedWrites = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      permit: 'Only activities/effect.ts makes a permit that the guard stands behind.',
      verb: 'Effects go through runEffect, revertRow or the containment watch: they pass the guard.',
      network: 'A connector sends through the HTTP kit, which asks for the permit first.',
      reading:
        'A request that says that it only reads passes the guard by: add its file to scripts/guarded-writes.js.',
    },
  },
  create,
};
