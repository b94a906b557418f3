// The relay's /api: every request goes to the host that this page came from.

const patience_ms = 10_000;

async function answer(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(patience_ms), ...options });
  } catch {
    throw new Error("the relay does not answer");
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const error = new Error(body.error?.message ?? `${path}: status ${response.status}`);
  error.reason = body.error?.reason ?? "";
  error.status = response.status;
  throw error;
}

export const read = (path, query = {}) => {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "")).toString();
  return answer(text ? `${path}?${text}` : path);
};

// kind: room (what room.info says), state or places. An id may hold any character, so it is not part of the path.
export const readRoom = (kind, room_id, query = {}) => read(`/api/${kind}`, { room_id, ...query });

// A method of the admin socket, by its name there.
export const act = (method, params) =>
  answer(`/api/actions/${method}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(params) });
