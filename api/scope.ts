import type { FastifyInstance } from 'fastify';

const DISPLAY_NAME = Symbol.for('fastify.display-name');

/**
 * Registers routes that share hooks and parsers. Of a scope without a name fastify seeks one, twice, among all modules that
 * the process has loaded.
 */
export function registerScope(
  app: FastifyInstance,
  name: string,
  routes: (scope: FastifyInstance) => void,
): void {
  const plugin = (scope: FastifyInstance, _options: object, done: () => void): void => {
    routes(scope);
    done();
  };
  void app.register(Object.assign(plugin, { [DISPLAY_NAME]: name }));
}
