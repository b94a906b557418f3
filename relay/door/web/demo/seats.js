// Which seat a tab had, so that a page that was reloaded, or killed and opened anew, goes on in it.
//
// The tab's own is found again at once. Another tab's is taken when that tab has not been heard of for a while.
const own = "tickrelay-demo-seat";
const prefix = "tickrelay-demo-seat-";
const silentMs = 2500;
const graceMs = 25_000; // the relay holds a seat for 30 s

function abandoned() {
  for (const key of Object.keys(localStorage).filter((name) => name.startsWith(prefix))) {
    const quietMs = Date.now() - Number(localStorage.getItem(key));
    if (quietMs > graceMs) localStorage.removeItem(key);
    else if (quietMs > silentMs) return key.slice(prefix.length);
  }
  return undefined;
}

/** A reconnection token, or undefined. It is this tab's from now on. */
export function takeSeat() {
  try {
    const token = sessionStorage.getItem(own) ?? abandoned();
    if (token !== undefined) keepSeat(token);
    return token;
  } catch {
    return undefined; // storage is refused
  }
}

/** Once a second, while the seat is in use. */
export function keepSeat(token) {
  try {
    sessionStorage.setItem(own, token);
    localStorage.setItem(prefix + token, String(Date.now()));
  } catch {
    // then a reload is a new player
  }
}

export function forgetSeat() {
  try {
    const token = sessionStorage.getItem(own);
    sessionStorage.removeItem(own);
    if (token !== null) localStorage.removeItem(prefix + token);
  } catch {
    // there is none
  }
}

export function storedName() {
  try {
    return localStorage.getItem("tickrelay-demo-name") ?? "";
  } catch {
    return "";
  }
}

export function storeName(name) {
  try {
    localStorage.setItem("tickrelay-demo-name", name);
  } catch {
    // for this visit only, then
  }
}
