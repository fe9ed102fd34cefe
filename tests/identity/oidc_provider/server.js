// One provider with real keys, discovery and PKCE; its people are whoever signs in as `person-<SNILS>` on its own development pages.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const { port, clients } = JSON.parse(process.env.PROVIDER_SETTINGS);
const signing = (kind, options, more) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  ...more,
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients,
  claims: { openid: ['sub', 'auth_time'], snils: ['snils', 'trusted'] },
  cookies: { keys: ['of-the-tests'] },
  jwks: {
    keys: [
      signing('rsa', { modulusLength: 2048 }, { alg: 'RS256', kid: 'first' }),
      signing('ec', { namedCurve: 'P-256' }, { alg: 'ES256', kid: 'second' }),
    ],
  },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, snils: id.replace('person-', ''), trusted: true }),
  }),
});

provider.listen(port, '127.0.0.1');
