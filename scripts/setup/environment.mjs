/**
 * What `demo`, `test` and `bench` may see of the environment. Everything else, above all what names a
 * real system (DATABASE_URL, PG*, TEMPORAL_ADDRESS, KUBECONFIG, tokens), stays outside.
 */
const ALLOWED = new Set([
  // The machine and the user.
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TMPDIR',
  'TZ',
  'CI',
  // The terminal.
  'TERM',
  'COLORTERM',
  'COLUMNS',
  'LINES',
  'NO_COLOR',
  'FORCE_COLOR',
  'LANG',
  'LANGUAGE',
  // The way to the network.
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  // Caches and the programs kept there.
  'XDG_CACHE_HOME',
  'TEMPORAL_CLI_PATH',
  'TEMPORAL_TEST_SERVER_PATH',
]);

/** The part of `environment` that a run with embedded servers may see. */
export function allowedEnvironment(environment) {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => value !== undefined && (ALLOWED.has(name) || name.startsWith('LC_')),
    ),
  );
}
