// Reads [{credential, issuer, lists: {url: JWS}}, …] from stdin; writes what libraries of others say of each.
import {readFileSync} from 'node:fs';
import {decodeProtectedHeader} from 'jose';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import * as transmute from '@transmute/verifiable-credentials';

const opener = issuer => {
  const verifier = transmute.verifier({
    resolver: {
      resolve: async ({content}) => {
        const {kid, typ, cty} = decodeProtectedHeader(transmute.text.decoder.decode(content));
        if (typ !== 'vc+jwt' || cty !== 'vc') throw new Error(`not a credential: ${typ}, ${cty}`);
        const method = issuer.verificationMethod.find(({id}) => id === kid && issuer.assertionMethod.includes(id));
        if (!method) throw new Error(`unknown key ${kid}`);
        return {type: 'application/jwk+json', content: transmute.text.encoder.encode(JSON.stringify(method.publicKeyJwk))};
      },
    },
  });
  return token => verifier.verify({type: 'application/vc-ld+jwt', content: transmute.text.encoder.encode(token)});
};

const verified = async ({credential, issuer, lists}) => {
  const opened = opener(issuer);
  try {
    const content = await opened(credential);
    const documentLoader = async url => ({documentUrl: url, document: await opened(lists[url])});
    const {verified, results, error} = await checkStatus({
      credential: content, documentLoader, verifyBitstringStatusListCredential: false, // opened() has verified the list
    });
    if (!verified) throw error ?? results.find(({error}) => error).error;
    const status = Object.fromEntries(results.map(({credentialStatus, status}) => [credentialStatus.statusPurpose, status]));
    return {valid: true, content, status};
  } catch (error) {
    return {valid: false, error: error.name, message: error.message};
  }
};

console.log(JSON.stringify(await Promise.all(JSON.parse(readFileSync(0, 'utf8')).map(verified))));
