#include "relay/door/http.h"

namespace tickrelay {

namespace {

// Everything that comes from the relay goes in as text, never as markup: ids and metadata are players' words.
constexpr std::string_view dashboard_html = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tickrelay</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222; }
  dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1rem; }
  dt { color: #666; font-size: 13px; }
  dd { margin: 0; font-size: 22px; font-variant-numeric: tabular-nums; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #ddd; }
  #state { color: #a00; }
  @media (prefers-color-scheme: dark) { body { background: #16181c; color: #ddd; } th, td { border-color: #333; } dt { color: #999; } }
</style>
<h1>tickrelay <small id="node"></small></h1>
<p id="state" role="status"></p>
<dl id="figures"></dl>
<p><label>Search <input id="search" type="search"></label></p>
<table><thead><tr><th>Room</th><th>Type</th><th>Players</th><th>Hz</th></tr></thead><tbody id="rooms"></tbody></table>
<p id="more"></p>
<script>
const $ = (id) => document.getElementById(id);
const cell = (text) => { const td = document.createElement("td"); td.textContent = text; return td; };
const ms = (figure) => figure ? `${figure.p50.toFixed(2)} / ${figure.p99.toFixed(2)}` : "";
async function read(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}
let before = null;
async function refresh() {
  try {
    const info = await read("/api/info");
    const page = await read("/api/rooms?sort=players&descending=true&limit=50&search=" + encodeURIComponent($("search").value));
    const now = performance.now() / 1000, f = info.figures;
    const sent = before ? (f.bytes_sent - before.sent) / (now - before.now) : 0;
    before = { now, sent: f.bytes_sent };
    $("node").textContent = `${info.node} ${info.version}`;
    $("state").textContent = info.draining ? "draining" : "";
    const figures = { rooms: info.rooms, players: info.players, connections: f.connections,
      headroom: (info.headroom * 100).toFixed(0) + " %", "sent KB/s": (sent / 1000).toFixed(1),
      "state age ms p50/p99": ms(f.state_age_ms), "lateness ms p50/p99": ms(f.tick_lateness_ms), "ticks skipped": f.ticks_skipped };
    $("figures").replaceChildren(...Object.entries(figures).map(([name, value]) => {
      const box = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = name; dd.textContent = value; box.append(dt, dd); return box;
    }));
    $("rooms").replaceChildren(...page.rooms.map((room) => {
      const row = document.createElement("tr");
      row.append(cell(room.room_id), cell(room.type), cell(`${room.players} / ${room.max_players}`), cell(room.tick_rate));
      return row;
    }));
    $("more").textContent = page.total > page.rooms.length ? `${page.rooms.length} of ${page.total} rooms` : "";
  } catch (error) { $("state").textContent = `no answer: ${error.message}`; }
  setTimeout(refresh, 1000);
}
refresh();
</script>
</html>
)html";

}  // namespace

std::string_view dashboard_page() { return dashboard_html; }

}  // namespace tickrelay
