// SPDX-License-Identifier: Apache-2.0
// A login host and an instance with Salesforce's shape around a real OAuth2 server (npm oidc-provider), over TLS:
//   node salesforce.mjs MODULES PORT CERTIFICATE KEY PUBLIC_KEY [ISSUER]
// What is Salesforce's and imitated, after its documentation: paths, instance_url and id beside a token, the words of
// its errors, the REST API's list of versions, limits, user info and errors. GET /test/code and /test/refresh give out
// what a browser's login would; ISSUER is the audience that a JWT has to be made out to.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, port, certificate, key, publicKey, audience] = process.argv.slice(2);
const require = createRequire(`${modules}/node_modules/x.js`);
const load = async (name) => import(pathToFileURL(require.resolve(name)));
const { Provider } = await load("oidc-provider");
const { importSPKI, jwtVerify } = await load("jose");

const origin = `https://localhost:${port}`;
const issuer = audience ?? origin;
const ORGANISATION = "00D000000000001EAA";
const USERS = { "jane@acme.example": "005000000000001AAA" };
const client = {
  client_id: "3MVG9.testconn", client_secret: "c4nary-client-s3cret+/=&%", redirect_uris: ["https://app.example/cb"],
  grant_types: ["client_credentials", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
  response_types: ["code"], token_endpoint_auth_method: "client_secret_post",
};
const noFlow = { ...client, client_id: "3MVG9.noflow", grant_types: ["authorization_code"] };

const provider = new Provider(origin, {
  clients: [client, noFlow],
  routes: { token: "/services/oauth2/token", authorization: "/services/oauth2/authorize", userinfo: "/services/oauth2/oidc-userinfo" },
  pkce: { required: () => false },
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false }, resourceIndicators: { enabled: false } },
  scopes: ["api", "openid", "offline_access"],
  findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  rotateRefreshToken: (ctx) => ctx.oidc.entities.RefreshToken?.gty === "rotate",
  ttl: { AccessToken: 600, ClientCredentials: 600, AuthorizationCode: 300, Grant: 600, RefreshToken: 600, IdToken: 600 },
  cookies: { keys: ["a test's"] },
});
provider.proxy = true;

const refuse = (ctx, error, description) => Object.assign(ctx, { status: 400, body: { error, error_description: description } });

const grantFor = async (accountId, scope = "openid offline_access api") => {
  const grant = new provider.Grant({ clientId: client.client_id, accountId });
  grant.addOIDCScope(scope);
  return grant.save();
};

provider.registerGrantType("urn:ietf:params:oauth:grant-type:jwt-bearer", async (ctx) => {
  const { client: by, params } = ctx.oidc;
  let claims;
  try {
    ({ payload: claims } = await jwtVerify(params.assertion, await importSPKI(readFileSync(publicKey, "utf8"), "RS256"),
      { algorithms: ["RS256"] }));
  } catch (error) {
    return refuse(ctx, "invalid_grant", error.code === "ERR_JWT_EXPIRED" ? "expired authorization code" : "invalid assertion");
  }
  if (claims.aud !== issuer) return refuse(ctx, "invalid_grant", "audience is invalid");
  if (!USERS[claims.sub]) return refuse(ctx, "invalid_grant", "user hasn't approved this consumer");
  const grantId = await grantFor(claims.sub);
  const token = new provider.AccessToken({ client: by, accountId: claims.sub, grantId, scope: "openid api", gty: "jwt-bearer" });
  ctx.body = { access_token: await token.save(), token_type: "Bearer", scope: token.scope };
}, ["assertion"]);

const find = async (ctx) => {
  const value = (ctx.get("Authorization").match(/^Bearer (.+)$/) ?? [])[1];
  return value && (await provider.AccessToken.find(value) ?? await provider.ClientCredentials.find(value));
};

// The REST API.
const rest = async (ctx) => {
  const token = await find(ctx);
  if (ctx.path === "/services/data/" && !ctx.get("Authorization")) {
    ctx.body = versions;
  } else if (!token) {
    ctx.status = 401;
    ctx.body = [{ message: "Session expired or invalid", errorCode: "INVALID_SESSION_ID" }];
  } else if (ctx.path === "/services/data/") {
    ctx.body = versions;
  } else if (ctx.path === "/services/data/v61.0/limits") {
    ctx.body = { DailyApiRequests: { Max: 15000, Remaining: 14998 } };
  } else if (ctx.path === "/services/oauth2/userinfo") {
    const user = token.accountId ?? "robot@acme.example";
    ctx.body = { sub: `${origin}/id/${ORGANISATION}/${USERS[user] ?? "005000000000009AAA"}`, preferred_username: user,
      user_id: USERS[user] ?? "005000000000009AAA", organization_id: ORGANISATION };
  } else {
    ctx.status = 404;
    ctx.body = [{ message: "The requested resource does not exist", errorCode: "NOT_FOUND" }];
  }
};
const versions = [{ label: "Winter '24", url: "/services/data/v59.0", version: "59.0" },
  { label: "Summer '24", url: "/services/data/v61.0", version: "61.0" }];

// What only a browser gets.
const mint = async (ctx) => {
  const accountId = "jane@acme.example";
  const common = { client: await provider.Client.find(client.client_id), accountId, grantId: await grantFor(accountId),
    scope: "openid offline_access api" };
  const kind = ctx.path.split("/").pop();
  ctx.body = kind === "code"
    ? await new provider.AuthorizationCode({ ...common, redirectUri: client.redirect_uris[0], gty: "authorization_code" }).save()
    : await new provider.RefreshToken({ ...common, gty: kind === "rotating" ? "rotate" : "authorization_code" }).save();
};

// oidc-provider's words to Salesforce's.
const WORDS = [
  [/^invalid_client$/, (form) => form.client_id === client.client_id || form.client_id === noFlow.client_id
    ? ["invalid_client", "invalid client credentials"] : ["invalid_client_id", "client identifier invalid"]],
  [/^invalid_grant$/, (form) => form.grant_type === "refresh_token" ? ["invalid_grant", "expired access/refresh token"]
    : ["invalid_grant", "expired authorization code"]],
  [/^(unauthorized_client|invalid_request)$/, () => ["unsupported_grant_type", "grant type not supported"]],
  [/^unsupported_grant_type$/, () => ["unsupported_grant_type", "grant type not supported"]],
];

provider.use(async (ctx, next) => {
  if (ctx.path.startsWith("/test/")) return mint(ctx);
  if (ctx.path.startsWith("/services/data") || ctx.path === "/services/oauth2/userinfo") return rest(ctx);
  if (ctx.path !== "/services/oauth2/token") return next();
  const text = await new Promise((resolve) => {
    let all = "";
    ctx.req.on("data", (piece) => { all += piece; }).on("end", () => resolve(all));
  });
  const form = Object.fromEntries(new URLSearchParams(text));
  // Salesforce finds the client in the JWT.
  if (form.assertion && !form.client_id)
    try {
      form.client_id = JSON.parse(Buffer.from(form.assertion.split(".")[1], "base64url")).iss;
      form.client_secret = form.client_id === client.client_id ? client.client_secret : "";
    } catch { form.client_id = "none"; }
  ctx.req.body = form;
  await next();
  const refusal = ctx.body?.error;
  const known = WORDS.find(([pattern]) => pattern.test(refusal ?? ""));
  if (known && !ctx.body.error_description?.match(/^(expired|invalid assertion|audience|user hasn't)/))
    refuse(ctx, ...known[1](form));
  else if (ctx.status === 200) {
    const token = await provider.AccessToken.find(ctx.body.access_token);
    const user = token?.accountId ? USERS[token.accountId] : "005000000000009AAA";
    Object.assign(ctx.body, { instance_url: origin, id: `${origin}/id/${ORGANISATION}/${user}`, issued_at: `${Date.now()}`,
      signature: "c4nary-signature=" });
  }
});

provider.on("server_error", (_, error) => console.error(error));
createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, provider.callback())
  .listen(Number(port), "127.0.0.1", () => console.log("ready"));
