// Making elements, always from texts: no markup is ever parsed.

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function button(text, action, attributes = {}) {
  return make("button", { type: "button", "data-action": action, ...attributes }, text);
}

const figures = new Intl.NumberFormat("en");
const count = (number, one, many) => `${figures.format(number)} ${number === 1 ? one : many}`;

function bytes(number) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let value = number;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 99.95 ? value.toFixed(1) : figures.format(Math.round(value))} ${units[unit]}`;
}

const bits = (number) => count(number, "bit", "bits");

function day(milliseconds) {
  const date = new Date(milliseconds);
  return milliseconds && !Number.isNaN(date.getTime()) ? date.toISOString().slice(0, 10) : null;
}

function splitUri(uri) {
  const at = uri.lastIndexOf("/") + 1;
  return at === uri.length ? ["", uri] : [uri.slice(0, at), uri.slice(at)];
}

const nameOf = (member) => splitUri(member.uri)[1] || member.hash;

let noticeTimer = 0;

function notify(text, { stays = false } = {}) {
  const notice = element("notice");
  notice.textContent = text;
  notice.classList.add("shown");
  clearTimeout(noticeTimer);
  if (!stays) noticeTimer = setTimeout(() => notice.classList.remove("shown"), 5000);
}
