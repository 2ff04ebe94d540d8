// The keyboard. Letters count while nothing is typed in a field; decisions while a group has the focus.

const currentCard = () => document.activeElement?.closest?.(".group") ?? null;
const cardGroup = (card) => groups[Number(card.dataset.group)];

function chosenMember(card) {
  const row = document.activeElement?.closest?.(".member");
  return row && card.contains(row) ? cardGroup(card).members[Number(row.dataset.member)] : null;
}

function focusCard(card) {
  for (const other of document.querySelectorAll(".group")) other.tabIndex = other === card ? 0 : -1;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

function stepGroup(step) {
  const cards = [...document.querySelectorAll(".group")];
  if (!cards.length) return;
  const card = currentCard();
  const at = card ? cards.indexOf(card) + step : cards.findIndex((each) => each.tabIndex === 0);
  if (cards[at]) focusCard(cards[at]);
  else if (at >= cards.length && filter.page < pageCount()) turnPage(filter.page + 1);
  else if (at < 0 && filter.page > 1) turnPage(filter.page - 1, { atEnd: true });
}

function stepMember(card, step) {
  const rows = [...card.querySelectorAll(".member")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = at < 0 ? rows[step > 0 ? 0 : rows.length - 1] : rows[at + step];
  row?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

const GROUP_KEYS = {
  ArrowRight: (card) => stepMember(card, 1),
  ArrowLeft: (card) => stepMember(card, -1),
  d: (card) => act(cardGroup(card), () => decideGroup(cardGroup(card), DUPLICATE), { goesOn: true }),
  n: (card) => act(cardGroup(card), () => decideGroup(cardGroup(card), NOT_DUPLICATE), { goesOn: true }),
  D: (card) => withMember(card, (group, member) => decideMember(group, member, DUPLICATE)),
  N: (card) => withMember(card, (group, member) => decideMember(group, member, NOT_DUPLICATE)),
  k: (card) => withMember(card, keepMember),
  c: (card) => act(cardGroup(card), () => clearGroup(cardGroup(card))),
  " ": (card) => openCompare(cardGroup(card), chosenMember(card)),
};

function withMember(card, decide) {
  const member = chosenMember(card);
  if (member) act(cardGroup(card), () => decide(cardGroup(card), member));
  else notify("Choose a picture first, with ← and →.");
}

const PAGE_KEYS = {
  ArrowDown: () => stepGroup(1),
  ArrowUp: () => stepGroup(-1),
  "[": () => turnPage(filter.page - 1),
  "]": () => turnPage(filter.page + 1),
  "/": () => element("text").focus(),
  u: () => takeBack(),
  e: () => exportDecisions(),
  "?": () => element("keys").showModal(),
};

const COMPARE_KEYS = {
  ArrowRight: () => stepCompared(1),
  ArrowLeft: () => stepCompared(-1),
  d: COMPARE_DECISIONS.duplicate,
  n: COMPARE_DECISIONS.not,
  k: COMPARE_DECISIONS.keep,
  u: () => takeBack(),
};

// Letters hold with Caps Lock too: only Shift tells D from d.
function keyOf(event) {
  if (!/^[a-z]$/i.test(event.key)) return event.key;
  return event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase();
}

function handleKey(event) {
  const isTyping = event.target.matches?.("input:not([type=range]), select, textarea");
  if (event.key === "Escape" && isTyping) {
    stepGroup(0);
    return;
  }
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z" && !isTyping) {
    event.preventDefault();
    takeBack();
    return;
  }
  const isChord = (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState("AltGraph"); // AltGr types [
  if (isTyping || isChord || event.isComposing) return;
  const action = actionFor(event, keyOf(event));
  if (!action) return;
  event.preventDefault();
  action();
}

function actionFor(event, key) {
  if (element("compare").open) return COMPARE_KEYS[key];
  if (element("keys").open || event.target.matches?.("[type=range]")) return null;
  const card = currentCard();
  if (key === " " && event.target.closest?.("button, a")) return null; // it presses that
  if (card && GROUP_KEYS[key]) return () => GROUP_KEYS[key](card);
  if (card && /^[1-9]$/.test(key)) return () => card.querySelectorAll(".member")[Number(key) - 1]?.focus();
  return PAGE_KEYS[key];
}
