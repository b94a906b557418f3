// Names and colours of who flies: a player's from its join, a bot's from its number.
const firsts = ["Swift", "Brave", "Quiet", "Lucky", "Sunny", "Witty", "Bold", "Calm"];
const seconds = ["Otter", "Heron", "Lynx", "Comet", "Maple", "Falcon", "Badger", "Wren"];
const bots = ["Ada", "Linus", "Grace", "Alan", "Edsger", "Radia", "Donald", "Barbara", "Dennis", "Hedy", "Claude", "Katherine"];

const pick = (list) => list[Math.floor(Math.random() * list.length)];

export const freshName = () => `${pick(firsts)} ${pick(seconds)}`;
export const botName = (entity) => `${bots[entity % bots.length]} (bot)`;
/** A number around the colour wheel, neighbours far apart. */
export const hueOf = (number) => Math.round((number * 137.508) % 360);

export function playerName(player) {
  const name = player?.options?.name;
  return typeof name === "string" && name.trim() !== "" ? name.trim().slice(0, 16) : `Player ${player?.number ?? "?"}`;
}
