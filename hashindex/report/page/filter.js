// Which groups are shown, and in which order. A decision does not move them: only a changed filter does, so that
// nothing is passed over on the next page.

const PAGE_SIZE = 20;

const FIRST = { text: "", decision: "", verdict: "", distance: null, order: "", page: 1 };
const filter = { ...FIRST };
const MOST_DISTANCE = groups.reduce((most, group) => Math.max(most, group.distance), 0);

let found = groups;

const folded = (text) => text.normalize("NFC").toLowerCase();

function wordsOf(group) {
  group.words ??= folded(group.members.map(({ uri, company, meta }) => `${uri}\n${company ?? ""}:${meta ?? ""}`).join("\n"));
  return group.words;
}

function holdsWords(group, words, companies) {
  return words.every((word) => wordsOf(group).includes(word))
    && companies.every((company) => group.members.some((member) => member.company === company));
}

const OF_VERDICT = {
  exact: (group) => group.isExact,
  near: (group) => group.verdicts.includes("near"),
  unconfirmed: (group) => group.verdicts.some((verdict) => !["exact", "near"].includes(verdict)),
};

const OF_DECISION = {
  open: isOpen,
  decided: (group) => !isOpen(group) && stateOf(group).verdict !== "none",
  duplicate: (group) => stateOf(group).verdict === DUPLICATE,
  not_duplicate: (group) => stateOf(group).verdict === NOT_DUPLICATE,
  mixed: (group) => ["mixed", "partly"].includes(stateOf(group).verdict),
};

const ORDERS = { // beside the surest first, as they come
  doubtful: (a, b) => b.index - a.index,
  bytes: (a, b) => b.bytes - a.bytes,
  members: (a, b) => b.count - a.count,
};

function applyFilter() {
  const terms = folded(filter.text).split(/\s+/).filter(Boolean);
  const companies = terms.filter((term) => /^company:\d+$/.test(term)).map((term) => term.slice("company:".length));
  const words = terms.filter((term) => !/^company:\d+$/.test(term));
  const isVerdict = OF_VERDICT[filter.verdict] ?? (() => true);
  const isDecision = OF_DECISION[filter.decision] ?? (() => true);
  const distance = filter.distance ?? MOST_DISTANCE;
  found = groups.filter((group) => group.distance <= distance && isVerdict(group) && isDecision(group)
    && holdsWords(group, words, companies));
  if (ORDERS[filter.order]) found.sort(ORDERS[filter.order]);
  filter.page = Math.min(Math.max(1, filter.page), pageCount());
}

// How many of those found would not be found again.
function staleCount() {
  const isDecision = OF_DECISION[filter.decision];
  return isDecision ? found.filter((group) => !isDecision(group)).length : 0;
}

const pageCount = () => Math.max(1, Math.ceil(found.length / PAGE_SIZE));
const onPage = () => found.slice((filter.page - 1) * PAGE_SIZE, filter.page * PAGE_SIZE);

// The address carries the filter, so that a reload, or a bookmark, comes back to the same place.
function rememberFilter() {
  const said = new URLSearchParams(Object.entries(filter).filter(([name, value]) => value !== FIRST[name]));
  try {
    history.replaceState(null, "", said.size ? `#${said}` : location.pathname + location.search);
  } catch {
    // A browser that forbids it loses only the place.
  }
}

function recallFilter() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const name of ["text", "decision", "verdict", "order"]) filter[name] = said.get(name) ?? FIRST[name];
  const distance = Number.parseInt(said.get("distance"), 10);
  filter.distance = Number.isNaN(distance) ? null : distance;
  filter.page = Number.parseInt(said.get("page"), 10) || 1;
}
