import { z } from 'zod';
import { isLoopback } from '../domain/loopback.ts';
import { text, url, type Variable } from './variable.ts';

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).hostname : '';
}

/** The variables of signing in at an OpenID Connect issuer, in the order of `.env.example`. */
export const ISSUER_VARIABLES = {
  oidcIssuer: {
    name: 'OIDC_ISSUER',
    about:
      'OpenID Connect issuer where people sign in; needs BASE_URL. Unset: passwords of our own alone.',
    secret: false,
    fallback: null,
    example: 'https://id.example.com/realms/staff',
    schema: url(['http', 'https'])
      .refine((address) => !/[?#@]/.test(address), {
        error: 'must be an address without user, query and fragment',
      })
      .refine((address) => !/^http:/i.test(address) || isLoopback(hostOf(address)), {
        error: 'must begin with https://: what it says would travel unprotected',
      }),
  },
  oidcClientId: {
    name: 'OIDC_CLIENT_ID',
    about: 'Our client id there; needed with OIDC_ISSUER.',
    secret: false,
    fallback: null,
    example: 'firebreak',
    schema: text,
  },
  oidcClientSecret: {
    name: 'OIDC_CLIENT_SECRET',
    about: 'Our client secret there; needed with OIDC_ISSUER.',
    secret: true,
    fallback: null,
    example: '…',
    schema: z.string().min(1),
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
