// The relay's address as a game writes it → that of its WebSocket.
import { badUsage } from "../errors.js";

/** ws:// or wss://, host, optional port and path; "/v1" is appended where it does not end in it. */
export function socketUrl(given: string): string {
  const bad = (why: string) => badUsage(`bad URL '${given}': ${why}`);
  if (!/^wss?:\/\//.test(given)) throw bad("it starts with neither ws:// nor wss://");
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw bad("the host or the port is odd");
  }
  if (url.search !== "" || url.hash !== "") throw bad("a path may follow the host, no query");
  if (url.username !== "" || url.password !== "") throw bad("no user name or password may stand in it");
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.protocol}//${url.host}${path.endsWith("/v1") ? path : `${path}/v1`}`;
}
