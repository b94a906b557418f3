// Asks before anything is changed, and says how it went.

import { act } from "./api.js";
import { byId, element, say } from "./dom.js";

let count = 0;

// fields: [{name, label, type, …attributes of an input}]. The answers by name, or null after Cancel or Escape.
export function ask({ title, text, confirm, danger = false, fields = [] }) {
  const id = `question-${++count}`;
  const inputs = fields.map(({ name, label, ...attributes }) => {
    const input = element("input", { name, autocomplete: "off", ...attributes });
    return element("label", {}, `${label} `, input);
  });
  const cancel = element("button", { type: "button", click: () => dialog.close() }, "Cancel");
  const form = element("form", { method: "dialog" },
    element("h2", { id }, title), element("p", { id: `${id}-text` }, text), ...inputs,
    element("div", { class: "actions" }, cancel, element("button", { type: "submit", class: danger ? "danger" : "primary" }, confirm)));
  const dialog = element("dialog", { "aria-labelledby": id, "aria-describedby": `${id}-text` }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let answers = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answers = Object.fromEntries([...form.querySelectorAll("input")].map((input) => [input.name, input.value]));
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answers);
    });
    dialog.showModal();
    if (danger || inputs.length === 0) cancel.focus();  // Enter alone must not close a match
  });
}

let silence = 0;

export function notice(text, failed = false) {
  const line = byId("notice");
  say(line, text);
  line.classList.toggle("failed", failed);
  clearTimeout(silence);
  if (!failed) silence = setTimeout(() => say(line, ""), 8000);
}

// Asks, acts, and says so. params(answers) gives the method's parameters.
export async function askAndAct(question, method, params, done) {
  const answers = await ask(question);
  if (!answers) return false;
  try {
    await act(method, params(answers));
    notice(done);
    return true;
  } catch (error) {
    notice(`${question.confirm} failed: ${error.message}`, true);
    return false;
  }
}
