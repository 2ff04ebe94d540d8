// The decisions out to a file, and in from one: the form that hashindex/duplicates/decisions.py describes.

function exportDecisions() {
  if (!decided.size) {
    notify("Nothing is decided yet, so there is nothing to export.");
    return;
  }
  const address = URL.createObjectURL(new Blob(decisionLines(), { type: "application/jsonl" }));
  const link = make("a", { href: address, download: "decisions.jsonl" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  notify(`decisions.jsonl, ${count(decided.size, "line", "lines")}: give it to the next run with --decisions.`);
}

// Pairs first, then those to be kept in their turn, as of two in one group the later line wins.
function decisionLines() {
  const order = ([, value]) => (value.startsWith(KEEP) ? turnOf(value) : 0);
  return [...decided].sort((a, b) => order(a) - order(b)).map(([name, value]) => {
    const [a, b] = name.split(" ");
    if (b === undefined) return { decision: KEEP, a, uri_a: keptUriOf(value) || undefined };
    return { decision: value, a, b, uri_a: uriOf(a), uri_b: uriOf(b) };
  }).map((line) => `${JSON.stringify(line)}\n`);
}

function uriOf(digest) {
  return groupsByDigest.get(digest)?.[0].members.find((member) => member.digest === digest).uri;
}

async function importDecisions(file) {
  let text;
  try {
    text = await file.text();
  } catch (trouble) {
    notify(`${file.name} cannot be read (${trouble.name}).`, { stays: true });
    return;
  }
  const { read, bad } = takeLines(text);
  if (bad.length) {
    const lines = bad.slice(0, 5).join(", ") + (bad.length > 5 ? ", …" : "");
    notify(`${file.name} is not taken in: no decision in ${bad.length === 1 ? "line" : "lines"} ${lines}.`, { stays: true });
  } else {
    notify(`${count(read, "decision", "decisions")} taken in from ${file.name}.`);
  }
}

// Take in the text of a decisions file, whole or not at all: how many were read, and the numbers of the bad lines.
function takeLines(text) {
  const changes = new Map();
  const bad = [];
  const turn = lastTurn();
  text.replace(/^\uFEFF/, "").split("\n").forEach((line, index) => {
    if (!line.trim()) return;
    const said = decisionIn(line, turn + index + 1);
    if (said) changes.set(...said);
    else bad.push(index + 1);
  });
  if (!bad.length) change([...changes]);
  return { read: changes.size, bad };
}

function decisionIn(line, turn) {
  const isDigest = (value) => typeof value === "string" && /^[0-9a-f]{32}$/i.test(value);
  let values;
  try {
    values = JSON.parse(line);
  } catch {
    return null;
  }
  const { decision, a, b, uri_a: uri } = values ?? {};
  if (!isDigest(a)) return null;
  if (decision === KEEP) return [a.toLowerCase(), keepValue(turn, typeof uri === "string" ? uri : "")];
  if (![DUPLICATE, NOT_DUPLICATE].includes(decision) || !isDigest(b)) return null;
  return [pairName(a.toLowerCase(), b.toLowerCase()), decision];
}
