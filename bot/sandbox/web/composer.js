// The line one types into, with the bot's slash command offered as soon as a slash is typed.
import { h, icon, keyed, uid } from "./dom.js";

/** What follows /intacct; the words are those of the command's own help. */
const COMMANDS = [
  ["/intacct setup", "connect Spend Center to Sage Intacct, or go on where you left"],
  ["/intacct status", "what is connected, when it synced, what is posted"],
  ["/intacct sync", "post now instead of at the next time of the schedule"],
  ["/intacct errors", "every open alert, with a link to it"],
  ["/intacct find", "a transaction's life: by merchant, amount, day, cardholder, reference or record"],
  ["/intacct proof", "a month's proof that both sides agree, or what differs; for you alone"],
  ["/intacct rules", "codings kept for later ones: what each did, and its switch"],
  ["/intacct pause", "stop the schedule until someone resumes it"],
  ["/intacct resume", "let the schedule count again"],
  ["/intacct settings", "name, channel, schedule, who may do what"],
  ["/intacct disconnect", "end a connection; asks first"],
  ["/intacct help", "this list"],
];

export function composer({ label, send, commands = true }) {
  const hintId = uid("commands");
  const hints = h("ul", { class: "commands", id: hintId, role: "listbox", "aria-label": "Commands", hidden: true });
  const field = h("textarea", {
    class: "composer-field",
    rows: "1",
    "aria-label": label,
    placeholder: label,
    autocomplete: "off",
    ...(commands
      ? { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": hintId }
      : {}),
    oninput: () => {
      active = 0;
      grow();
      offer();
    },
    onkeydown: (event) => key(event),
    onblur: () => {
      hints.hidden = true;
    },
  });
  const node = h(
    "form",
    {
      class: "composer",
      onsubmit: (event) => {
        event.preventDefault();
        submit();
      },
    },
    hints,
    field,
    h("button", { type: "submit", class: "icon-button send", "aria-label": "Send" }, icon("send")),
  );
  let active = 0;

  const matches = () =>
    commands && field.value.startsWith("/")
      ? COMMANDS.filter(([text]) => text.startsWith(field.value.trimEnd()) && text !== field.value.trimEnd())
      : [];

  function offer() {
    const found = matches();
    hints.hidden = !found.length;
    if (commands) field.setAttribute("aria-expanded", String(Boolean(found.length)));
    keyed(
      hints,
      found.map(([text, words], index) => ({ text, words, on: index === active })),
      (one) => one.text,
      (one) =>
        h(
          "li",
          {
            role: "option",
            id: `${hintId}-${one.text.slice(9)}`,
            "aria-selected": String(one.on),
            class: one.on ? "active" : "",
            onmousedown: (event) => {
              event.preventDefault();
              take(one.text);
            },
          },
          h("code", null, one.text),
          h("span", null, one.words),
        ),
    );
    if (found.length) field.setAttribute("aria-activedescendant", `${hintId}-${found[active][0].slice(9)}`);
    else field.removeAttribute("aria-activedescendant");
  }

  function take(text) {
    field.value = text;
    offer();
  }

  function grow() {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 140)}px`;
  }

  function key(event) {
    const found = matches();
    const open = found.length && !hints.hidden;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      active = (active + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length;
      offer();
    } else if (open && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      take(found[active][0]);
    } else if (open && event.key === "Escape") {
      hints.hidden = true;
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (open && field.value.trimEnd() !== "/intacct") take(found[active][0]);
      else submit();
    }
  }

  async function submit() {
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    grow();
    offer();
    if ((await send(text)) === null) field.value ||= text;
  }

  return {
    node,
    focus: () => field.focus({ preventScroll: true }),
    aim: (words) => {
      if (field.placeholder === words) return;
      field.placeholder = words;
      field.setAttribute("aria-label", words);
    },
    write: (text) => {
      field.value = text;
      field.focus();
      grow();
      offer();
    },
  };
}
