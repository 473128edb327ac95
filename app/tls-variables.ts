import { text, type Variable } from './variable.ts';

/** The variables of ending TLS ourselves, in the order of `.env.example`. */
export const TLS_VARIABLES = {
  tlsCertFile: {
    name: 'TLS_CERT_FILE',
    about:
      'PEM file of the certificate of this server, with those that it hangs on: then it speaks https alone. Read again when it changes.',
    secret: false,
    fallback: null,
    example: '/etc/firebreak/tls/fullchain.pem',
    schema: text,
  },
  tlsKeyFile: {
    name: 'TLS_KEY_FILE',
    about: 'PEM file of its key, without a passphrase; needed with TLS_CERT_FILE.',
    secret: false,
    fallback: null,
    example: '/etc/firebreak/tls/privkey.pem',
    schema: text,
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
