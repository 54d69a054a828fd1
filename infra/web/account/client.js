/* The calls of the signed-in person: same origin, cookie, JSON in and out. Every failure becomes a Problem. */

const SENTENCES = {
  offline: "You are offline. Try again once there is a connection.",
  unreachable: "The service could not be reached. Try again in a minute.",
  unreadable_answer: "The answer could not be read.",
  unexpected: "The service gave an unexpected answer. Try again in a minute.",
};

/** A call that ended without an answer. `code` and `status` decide, `message` is for people. `status` 0: never arrived. */
export class Problem extends Error {
  constructor({ status = 0, code, error, retryAfterS = 0, requestId = "" }) {
    super(error ?? SENTENCES[code] ?? SENTENCES.unexpected);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
    this.requestId = requestId;
  }
}

/** A connection that failed, told apart from one that this device doesn't have. */
export function unreachable() {
  return new Problem({ code: navigator.onLine === false ? "offline" : "unreachable" });
}

/** The Problem in an answer's body: `body` is its text, `retryAfter` the header or null. */
export function problemIn(status, body, retryAfter) {
  const told = parsed(body);
  if (typeof told?.error !== "string") return new Problem({ status, code: "unexpected" });
  return new Problem({
    status,
    code: String(told.code),
    error: told.error,
    retryAfterS: Number.parseInt(retryAfter ?? "", 10) || 0,
    requestId: String(told.request_id ?? ""),
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function call(method, path, body) {
  const headers = { accept: "application/json" };
  // A page of another origin can send neither of these without asking first: see SameSite and Origin for the other locks.
  if (body !== undefined) headers["content-type"] = "application/json";
  else if (method !== "GET") headers["x-requested-with"] = "portrait";
  let answer;
  let text;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
    });
    text = await answer.text();
  } catch {
    throw unreachable();
  }
  if (!answer.ok) throw problemIn(answer.status, text, answer.headers.get("retry-after"));
  if (text === "") return undefined;
  const value = parsed(text);
  if (value === undefined) throw new Problem({ status: answer.status, code: "unexpected" });
  return value;
}

export const sendCode = (email) => call("POST", "/session/v1/code", { email });
export const signIn = (email, code) => call("POST", "/session/v1", { email, code });
export const readSession = () => call("GET", "/session/v1");
export const signOut = ({ everywhere = false } = {}) =>
  call("DELETE", everywhere ? "/session/v1?everywhere=true" : "/session/v1");

export const listKeys = () => call("GET", "/account/v1/keys");
export const createKey = (name) => call("POST", "/account/v1/keys", { name });
export const renameKey = (id, name) => call("PATCH", `/account/v1/keys/${encodeURIComponent(id)}`, { name });
export const revokeKey = (id) => call("DELETE", `/account/v1/keys/${encodeURIComponent(id)}`);

export const claim = () => call("POST", "/account/v1/claim", {});
export const listPacks = () => call("GET", "/account/v1/packs");
export const checkout = (pack) => call("POST", "/account/v1/checkout", { pack });
export const readUsage = (days) => call("GET", `/account/v1/usage?days=${days}`);
export const readStatement = (cursor) =>
  call("GET", `/account/v1/statement?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
export const deleteAccount = (email) => call("DELETE", "/account/v1", { confirm: email });
