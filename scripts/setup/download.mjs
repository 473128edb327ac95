import { Buffer } from 'node:buffer';
import { clearTimeout, setTimeout } from 'node:timers';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as tlsConnect } from 'node:tls';

const CONNECT_TIMEOUT_MS = 3_000;
/** A transfer that brings nothing for so long is given up. */
const IDLE_TIMEOUT_MS = 20_000;
const REDIRECTS_MAX = 5;
const BYTES_MAX = 512 * 1024 * 1024;

/** The proxy for an https address by the usual variables, or null. */
export function proxyFor(url, environment) {
  const value = (name) => environment[name] || environment[name.toUpperCase()] || '';
  if (url.protocol !== 'https:') return null;
  const exempt = value('no_proxy')
    .split(',')
    .map((part) => part.trim().replace(/^\*?\./, ''))
    .filter((part) => part !== '');
  const host = url.hostname;
  if (exempt.some((part) => part === '*' || host === part || host.endsWith(`.${part}`)))
    return null;
  const proxy = value('https_proxy') || value('all_proxy');
  if (proxy === '') return null;
  const parsed = new URL(proxy.includes('://') ? proxy : `http://${proxy}`);
  return parsed.protocol === 'http:' ? parsed : null;
}

function failAfter(emitter, timeoutMs, sentence) {
  const timer = setTimeout(() => emitter.destroy(new Error(sentence)), timeoutMs);
  return () => clearTimeout(timer);
}

/** A TLS connection through an HTTP proxy. */
function tunnel(url, proxy) {
  return new Promise((resolve, reject) => {
    const port = url.port === '' ? '443' : url.port;
    const user = decodeURIComponent(proxy.username);
    const credentials = Buffer.from(`${user}:${decodeURIComponent(proxy.password)}`);
    const asked = httpRequest({
      host: proxy.hostname,
      port: proxy.port === '' ? 80 : Number(proxy.port),
      method: 'CONNECT',
      path: `${url.hostname}:${port}`,
      headers: {
        host: `${url.hostname}:${port}`,
        ...(user === ''
          ? {}
          : { 'proxy-authorization': `Basic ${credentials.toString('base64')}` }),
      },
    });
    const done = failAfter(asked, CONNECT_TIMEOUT_MS, 'the proxy did not answer within 3 s');
    asked.once('error', (error) => {
      done();
      reject(error);
    });
    asked.once('response', (response) => {
      done();
      asked.destroy();
      reject(new Error(`the proxy answered ${response.statusCode}`));
    });
    asked.once('connect', (response, socket) => {
      done();
      if (response.statusCode === 200) resolve(tlsConnect({ socket, servername: url.hostname }));
      else reject(new Error(`the proxy answered ${response.statusCode}`));
    });
    asked.end();
  });
}

async function open(url, environment) {
  const proxy = proxyFor(url, environment);
  const socket = proxy === null ? null : await tunnel(url, proxy);
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const asked = start(url, {
      agent: false,
      headers: { 'user-agent': 'firebreak-setup' },
      ...(socket === null ? {} : { createConnection: () => socket }),
    });
    const connected = failAfter(asked, CONNECT_TIMEOUT_MS, 'no connection within 3 s');
    asked.once('socket', (used) => {
      if (socket !== null) connected();
      used.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected);
    });
    asked.setTimeout(IDLE_TIMEOUT_MS, () => asked.destroy(new Error('the transfer stood still')));
    asked.once('error', (error) => {
      connected();
      reject(error);
    });
    asked.once('response', (response) => {
      connected();
      resolve(response);
    });
    asked.end();
  });
}

/**
 * The bytes behind an address, redirects followed. Fails within three seconds when the name can't be
 * resolved or nobody answers; throws a sentence.
 */
export async function download(address, environment) {
  let url = new URL(address);
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    const response = await open(url, environment);
    const { statusCode: status = 0, headers } = response;
    if (status >= 300 && status < 400 && headers.location !== undefined) {
      const next = new URL(headers.location, url);
      response.destroy();
      if (url.protocol === 'https:' && next.protocol !== 'https:')
        throw new Error('redirected to an unsafe address');
      url = next;
      continue;
    }
    if (status !== 200) {
      response.destroy();
      throw new Error(`it answered ${status}`);
    }
    const chunks = [];
    let size = 0;
    for await (const chunk of response) {
      size += chunk.length;
      if (size > BYTES_MAX) throw new Error('it is larger than any Temporal program');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
  throw new Error('it redirects without end');
}
