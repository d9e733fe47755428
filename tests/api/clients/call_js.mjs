// SPDX-License-Identifier: Apache-2.0
// @aws-sdk/client-glue of the tests: a call a line in, what the SDK made of the answer a line out. support/sdk.py says how.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const glue = createRequire(process.argv[2] + "/")("@aws-sdk/client-glue");
const clients = new Map();

function clientOf(settings) {
  const name = JSON.stringify(settings);
  if (!clients.has(name)) {
    const { key } = settings;
    clients.set(name, new glue.GlueClient({
      endpoint: settings.endpoint, region: settings.region,
      ...(key ? { credentials: { accessKeyId: key.id, secretAccessKey: key.secret, sessionToken: key.token } }
        : { credentials: { accessKeyId: "", secretAccessKey: "" }, signer: { sign: async (request) => request } }),
    }));
  }
  return clients.get(name);
}

// Times as seconds, as the other programs print them.
const plain = (value) => value instanceof Date ? value.getTime() / 1000 : Array.isArray(value) ? value.map(plain)
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)])) : value;

async function call(asked) {
  try {
    const { $metadata, ...output } = await clientOf(asked.client).send(new glue[`${asked.operation}Command`](asked.input));
    return { request_id: $metadata.requestId, output: plain(output) };
  } catch (e) {
    if (!(e instanceof glue.GlueServiceException)) return { local: `${e.name}: ${e.message}` };
    const { name, message, $metadata, $fault, $response, $service, $retryable, Message, Error, __type, ...members } = e;
    return { code: e.name, message: e.message, status: $metadata.httpStatusCode, request_id: $metadata.requestId,
      type: e.constructor.name, attempts: $metadata.attempts, members: plain(members) };
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await call(JSON.parse(line))));
