// What was decided, by name: "DIGEST DIGEST" (the lower first) for a pair, "DIGEST" for one to be kept.
// A pair's value is "duplicate" or "not_duplicate"; that of one to be kept is "keep", its turn and its URI: of
// several in one group the latest counts. Each has an item of its own in localStorage, so that a decision costs
// one small write, and two windows agree.

const decided = new Map();
const undone = []; // what each change replaced, the last one at the end
const PREFIX = `hashindex-report/${source.report}/`;
const PROBE = `${PREFIX}?`;

let storage = null;
let storageTrouble = "";

function openStorage() {
  try {
    storage = window.localStorage;
    storage.setItem(PROBE, "");
    storage.removeItem(PROBE);
    for (let number = 0; number < storage.length; number += 1) {
      const key = storage.key(number);
      if (key.startsWith(PREFIX)) decided.set(key.slice(PREFIX.length), storage.getItem(key));
    }
  } catch (trouble) {
    storage = null;
    storageTrouble = trouble.name;
  }
}

function set(name, value) {
  if (value === null) decided.delete(name);
  else decided.set(name, value);
  for (const digest of name.split(" ")) {
    for (const group of groupsByDigest.get(digest) ?? []) group.state = null;
  }
}

// Decide [[name, value or null], ...] at once; undo takes them back at once.
function change(changes, { keepsUndo = true } = {}) {
  const before = changes.map(([name]) => [name, decided.get(name) ?? null]);
  if (changes.every(([, value], number) => value === before[number][1])) return false;
  if (keepsUndo) undone.push(before);
  for (const [name, value] of changes) {
    set(name, value);
    store(name, value);
  }
  return true;
}

function store(name, value) {
  if (!storage) return;
  try {
    if (value === null) storage.removeItem(PREFIX + name);
    else storage.setItem(PREFIX + name, value);
  } catch (trouble) {
    storage = null; // what is there stays; the page says that the rest is not
    storageTrouble = trouble.name;
  }
}

function undo() {
  const before = undone.pop();
  return Boolean(before) && change(before, { keepsUndo: false });
}

// Another window with this report decided something.
function heard(event) {
  if (event.storageArea !== storage || !event.key?.startsWith(PREFIX) || event.key === PROBE) return false;
  set(event.key.slice(PREFIX.length), event.newValue);
  return true;
}
