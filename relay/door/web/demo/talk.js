// Chat, and the names of those who come and go. Players' words go in as text, never as markup.
import { playerName } from "./names.js";

const $ = (id) => document.getElementById(id);
const linesMax = 30;

export class Talk {
  constructor(room) {
    this.room = room;
    this.began = performance.now();
    this.ends = [
      room.onMessage("chat", (message) => this.line(playerName(room.players.find(({ number }) => number === message.player)), message.text)),
      room.onPlayerJoin((player) => performance.now() - this.began > 500 && player.number !== room.player && this.news(`${playerName(player)} came`)),
      room.onPlayerLeave((player) => this.news(`${playerName(player)} left`)),
    ];
    this.submit = (event) => {
      event.preventDefault();
      const text = $("text").value.trim();
      if (text === "" || room.phase === "left") return;
      room.send("chat", text, { to: "all" });
      $("text").value = "";
    };
    $("say").addEventListener("submit", this.submit);
  }

  stop() {
    this.ends.forEach((end) => end());
    $("say").removeEventListener("submit", this.submit);
  }

  line(who, text) {
    const name = document.createElement("b");
    name.textContent = `${who}: `;
    this.add(name, text.slice(0, 200));
  }

  news(text) {
    this.add(text).className = "news";
  }

  add(...parts) {
    const item = document.createElement("li");
    item.append(...parts);
    $("lines").append(item);
    while ($("lines").children.length > linesMax) $("lines").firstChild.remove();
    return item;
  }
}
