// Who flies, with how many gems: from the state's Score and the players.
import { botName, hueOf, playerName } from "./names.js";

const $ = (id) => document.getElementById(id);
const shownMax = 5;
const svg = "http://www.w3.org/2000/svg";

/** By the entity that has the Score: { name, points, hue, own }. A player who only watches has none. */
export function standings(room) {
  const players = new Map(room.players.map((player) => [player.entity, player]));
  const all = [];
  for (const [entity, score] of room.state.each("Score")) {
    const player = players.get(entity);
    if (player === undefined && !room.state.has(entity, "Transform")) continue;
    all.push({
      entity, points: score.kills, own: player?.number === room.player,
      name: player ? playerName(player) : botName(entity), hue: hueOf(player ? player.number + 100 : entity),
    });
  }
  return all.sort((a, b) => b.points - a.points || a.entity - b.entity);
}

function row({ name, points, hue, own }) {
  const item = document.createElement("li");
  const dot = document.createElementNS(svg, "svg");
  const circle = document.createElementNS(svg, "circle");
  dot.setAttribute("viewBox", "0 0 10 10");
  dot.setAttribute("aria-hidden", "true");
  for (const [attribute, value] of Object.entries({ cx: 5, cy: 5, r: 5, fill: `hsl(${hue} 75% 55%)` })) circle.setAttribute(attribute, value);
  dot.append(circle);
  const who = document.createElement("span");
  who.className = own ? "who own" : "who";
  who.textContent = own ? `${name} (you)` : name;
  const score = document.createElement("span");
  score.className = "points";
  score.textContent = points;
  item.append(dot, who, score);
  return item;
}

/** The best, and oneself. */
export function showScores(room) {
  const all = standings(room);
  const shown = all.slice(0, innerWidth <= 700 ? 3 : shownMax);
  const own = all.find((each) => each.own);
  if (own !== undefined && !shown.includes(own)) shown.push(own);
  $("scores").replaceChildren(...shown.map(row));
}
