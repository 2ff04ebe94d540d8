// What a decision about a group or a picture means for pairs of digests, and back
// (hashindex/duplicates/decisions.py).

const DUPLICATE = "duplicate";
const NOT_DUPLICATE = "not_duplicate";
const KEEP = "keep";

const MOST_DIGESTS_AMONG_THEMSELVES = 64; // 2,016 pairs; in a larger group each is parted from the kept one alone

const pairName = (a, b) => (a < b ? `${a} ${b}` : `${b} ${a}`);

const turnOf = (value) => Number(value.split(" ", 2)[1]);
const keptUriOf = (value) => value.split(" ").slice(2).join(" ");

const keepValue = (turn, uri) => `${KEEP} ${turn} ${uri}`;

function lastTurn() {
  let last = 0;
  for (const value of decided.values()) if (value.startsWith(KEEP)) last = Math.max(last, turnOf(value));
  return last;
}

// The one that is kept: by the latest choice, else the proposed one.
function keptOf(group) {
  const chosen = group.digests.filter((digest) => decided.has(digest));
  if (!chosen.length) return group.members[0];
  const latest = chosen.reduce((a, b) => (turnOf(decided.get(a)) > turnOf(decided.get(b)) ? a : b));
  const uri = keptUriOf(decided.get(latest));
  const copies = group.members.filter((member) => member.digest === latest);
  return copies.find((member) => member.uri === uri) ?? copies[0];
}

const isChosen = (group, member) => stateOf(group).kept === member && decided.has(member.digest);

const isDecidable = (kept, member) => Boolean(kept.digest && member.digest) && kept !== member;

// What was decided about a picture and the kept one, here or before the report was made; undefined where nothing was.
function relation(kept, member) {
  if (!isDecidable(kept, member)) return undefined;
  const isConfirmed = member.isDecided && kept.index === 0;
  return decided.get(pairName(kept.digest, member.digest)) ?? (isConfirmed ? DUPLICATE : undefined);
}

// {kept, verdict}: "open", "partly", "duplicate", "not_duplicate", "mixed", or "none" where nothing can be decided.
function stateOf(group) {
  if (group.state === null) {
    const kept = keptOf(group);
    const said = group.members.filter((member) => isDecidable(kept, member)).map((member) => relation(kept, member));
    const different = new Set(said);
    let verdict = "mixed";
    if (!said.length) verdict = "none";
    else if (different.size === 1) verdict = said[0] ?? "open";
    else if (different.has(undefined)) verdict = "partly";
    group.state = { kept, verdict };
  }
  return group.state;
}

const isOpen = (group) => ["open", "partly"].includes(stateOf(group).verdict);

function copiesOf(group, digest) {
  return group.members.filter((member) => member.digest === digest).length;
}

function pairsFor(group, value) {
  const { kept } = stateOf(group);
  const names = new Set();
  const everyPair = value === NOT_DUPLICATE && group.digests.length <= MOST_DIGESTS_AMONG_THEMSELVES;
  for (const [number, digest] of group.digests.entries()) {
    if (digest !== kept.digest) names.add(pairName(kept.digest, digest));
    if (copiesOf(group, digest) > 1 && (digest === kept.digest || everyPair)) names.add(pairName(digest, digest));
    if (everyPair) group.digests.slice(number + 1).forEach((other) => names.add(pairName(digest, other)));
  }
  return [...names];
}

function decideGroup(group, value) {
  if (!stateOf(group).kept.digest) return false;
  // What "not duplicates" said of the others among themselves is taken back when they are called duplicates.
  const cleared = value === DUPLICATE ? pairsFor(group, NOT_DUPLICATE).filter((name) => decided.has(name)) : [];
  const wanted = pairsFor(group, value);
  return change([
    ...cleared.filter((name) => !wanted.includes(name)).map((name) => [name, null]),
    ...wanted.map((name) => [name, value]),
  ]);
}

// The same again takes it back.
function decideMember(group, member, value) {
  const { kept } = stateOf(group);
  if (!isDecidable(kept, member)) return false;
  return change([[pairName(kept.digest, member.digest), relation(kept, member) === value ? null : value]]);
}

// Keep another one; the same again takes the choice back. What was decided against the one kept before is said
// again against the new one.
function keepMember(group, member) {
  if (!member.digest) return false;
  if (isChosen(group, member)) return change([[member.digest, null]]);
  const { kept } = stateOf(group);
  const changes = new Map(group.digests.filter((digest) => decided.has(digest)).map((digest) => [digest, null]));
  changes.set(member.digest, keepValue(lastTurn() + 1, member.uri));
  if (kept.digest !== member.digest && relation(kept, member) === DUPLICATE) {
    for (const other of group.members) {
      const name = pairName(member.digest, other.digest);
      const said = other === kept ? DUPLICATE : relation(kept, other);
      if (said && other !== member && !decided.has(name) && !changes.has(name)) changes.set(name, said);
    }
  }
  return change([...changes]);
}

// Everything that was decided inside a group.
function clearGroup(group) {
  const inside = new Set(group.digests);
  const names = [...decided.keys()].filter((name) => name.split(" ").every((digest) => inside.has(digest)));
  return change(names.map((name) => [name, null]));
}

const toggleGroup = (group, value) => (stateOf(group).verdict === value ? clearGroup(group) : decideGroup(group, value));
