import type { FastifyInstance } from 'fastify';
import { AppError } from '../../domain/error.ts';
import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import { countOfHeader } from '../connection.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { acceptRawBody, mediaTypeOf, rawBodyOf } from '../raw-body.ts';
import { API_PREFIX } from '../schema/value.ts';
import { registerScope } from '../scope.ts';
import { isFromSlack } from '../slack/signature.ts';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

function parsedJson(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('invalid', 'This is not JSON.', { field: 'payload', cause });
  }
  if (isJsonObject(value)) return value;
  throw new AppError('invalid', 'This is not an object.', { field: 'payload' });
}

/** What Slack sent: a form with JSON in `payload`, a form of a command, or JSON. Raises `invalid`. */
function bodyOf(raw: Uint8Array, type: string): JsonObject {
  const text = Buffer.from(raw).toString('utf8');
  if (type === JSON_TYPE) return parsedJson(text);
  const form = new URLSearchParams(text);
  const payload = form.get('payload');
  return payload === null ? Object.fromEntries(form) : parsedJson(payload);
}

/**
 * Registers where Slack sends commands, clicks and forms when there is no Socket Mode. The bytes are checked before anything of
 * them is read; without a signing secret there is no such route.
 */
export function registerSlack(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { slack, clock } = dependencies;
  if (slack === undefined) return;
  registerScope(app, 'slack', (scope) => {
    acceptRawBody(scope, dependencies, new Set([FORM, JSON_TYPE]));
    scope.route({
      method: 'POST',
      url: `${API_PREFIX}/slack`,
      schema: { hide: true },
      // Slack proves itself by its signature, the person by their entry.
      config: { access: 'source' },
      handler: async (request, reply) => {
        const raw = rawBodyOf(request);
        const { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signature } =
          request.headers;
        const isOne = ['x-slack-request-timestamp', 'x-slack-signature'].every(
          (name) => countOfHeader(request, name) === 1,
        );
        const isGenuine =
          isOne &&
          isFromSlack(
            { timestamp: String(timestamp), signature: String(signature), raw },
            slack.signingSecret,
            clock(),
          );
        if (!isGenuine) throw new AppError('unauthorized', 'This is not signed by Slack just now.');
        const body = bodyOf(raw, mediaTypeOf(request.headers['content-type']));
        if (body['type'] === 'url_verification') return { challenge: body['challenge'] ?? '' };
        const answer = await slack.deliver(body);
        return answer === null ? reply.code(200).send() : answer;
      },
    });
  });
}
