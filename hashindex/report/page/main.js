// The page as a whole: what is shown, and what a click does.

function showPage() {
  element("groups").replaceChildren(...onPage().map(groupCard));
  const first = document.querySelector(".group");
  if (first) first.tabIndex = 0;
  else element("groups").append(make("p", { class: "nothing" }, groups.length ? "No group is left by this filter." : "There are no duplicates."));
  showCounts();
}

const PICTURES = groups.reduce((sum, group) => sum + group.count, 0);
const BYTES = groups.reduce((sum, group) => sum + group.bytes, 0);

function showCounts() {
  const decidable = groups.filter((group) => stateOf(group).verdict !== "none").length;
  const ready = decidable - groups.filter(isOpen).length;
  element("counts").textContent = `${figures.format(ready)} of ${count(decidable, "group", "groups")} decided`;
  element("progress").max = Math.max(1, decidable);
  element("progress").value = ready;
  element("found").textContent = found.length === groups.length ? count(found.length, "group", "groups") : `${figures.format(found.length)} of ${count(groups.length, "group", "groups")}`;
  element("page").value = filter.page;
  element("page").max = pageCount();
  element("pages").textContent = figures.format(pageCount());
  for (const id of ["first", "previous"]) element(id).disabled = filter.page <= 1;
  for (const id of ["last", "next", "more"]) element(id).disabled = filter.page >= pageCount();
  element("undo").disabled = !undone.length;
  element("export").textContent = decided.size ? `Export ${figures.format(decided.size)}` : "Export";
  const stale = staleCount();
  element("again").hidden = !stale;
  element("again").textContent = `Filter again: ${figures.format(stale)} no longer ${stale === 1 ? "fits" : "fit"}`;
  const former = formerCount();
  element("summary").textContent = [count(groups.length, "group", "groups"), count(PICTURES, "picture", "pictures"),
    BYTES ? `${bytes(BYTES)} in those not kept` : null,
    `made ${source.made.replace("T", " ").replace("Z", " UTC")}`,
    former ? `${count(former, "decision", "decisions")} about pictures of an earlier report` : null].filter(Boolean).join(" · ");
}

// Decisions that no group here shows; they are exported all the same.
function formerCount() {
  let former = 0;
  for (const name of decided.keys()) {
    const [a, b] = name.split(" ");
    const isHere = (groupsByDigest.get(a) ?? []).some((group) => b === undefined || group.digests.includes(b));
    if (!isHere) former += 1;
  }
  return former;
}

function repaint() {
  for (const card of document.querySelectorAll(".group")) paint(card, cardGroup(card));
  showCounts();
}

// Decide, show it, and say when the browser does not keep it.
function act(group, decide, { goesOn = false } = {}) {
  const hadStorage = Boolean(storage);
  if (decide()) {
    repaint();
    if (hadStorage && !storage) sayStorageTrouble();
    else notify(`Group ${figures.format(group.index + 1)}: ${whatIsDecided(group)}`);
  } else if (stateOf(group).verdict === "none") {
    notify("Only hashes are known of this group, and decisions are about bytes.");
    return;
  }
  if (goesOn) stepGroup(1);
}

function whatIsDecided(group) {
  const { kept, verdict } = stateOf(group);
  const isTooLarge = verdict === NOT_DUPLICATE && group.digests.length > MOST_DIGESTS_AMONG_THEMSELVES;
  return `${STATES[verdict] ?? ""}, keep ${nameOf(kept)}${isTooLarge ? `; the others, ${figures.format(group.digests.length - 1)}, may be asked about again among themselves` : ""}`;
}

function takeBack() {
  if (!undo()) {
    notify("There is nothing to undo.");
    return;
  }
  repaint();
  if (element("compare").open) showCompared();
  notify("Taken back.");
}

function turnPage(page, { atEnd = false } = {}) {
  if (page < 1 || page > pageCount()) return;
  filter.page = page;
  rememberFilter();
  showPage();
  window.scrollTo(0, 0);
  const cards = document.querySelectorAll(".group");
  if (cards.length) focusCard(cards[atEnd ? cards.length - 1 : 0]);
}

function refilter() {
  readFilter();
  filter.page = 1;
  applyFilter();
  rememberFilter();
  showPage();
}

function readFilter() {
  filter.text = element("text").value;
  for (const name of ["decision", "verdict", "order"]) filter[name] = element(name).value;
  const distance = Number(element("distance").value);
  filter.distance = distance >= MOST_DISTANCE ? null : distance;
  element("distance-said").textContent = filter.distance === null ? "any" : `≤ ${filter.distance}`;
}

function fillFilter() {
  element("text").value = filter.text;
  for (const name of ["decision", "verdict", "order"]) {
    element(name).value = filter[name];
    if (element(name).selectedIndex < 0) element(name).selectedIndex = 0;
  }
  element("distance").max = MOST_DISTANCE;
  element("distance").value = filter.distance ?? MOST_DISTANCE;
  readFilter();
}

const ACTIONS = {
  "group-duplicate": (group) => act(group, () => toggleGroup(group, DUPLICATE)),
  "group-not": (group) => act(group, () => toggleGroup(group, NOT_DUPLICATE)),
  keep: (group, member) => act(group, () => keepMember(group, member)),
  duplicate: (group, member) => act(group, () => decideMember(group, member, DUPLICATE)),
  not: (group, member) => act(group, () => decideMember(group, member, NOT_DUPLICATE)),
  compare: (group, member) => openCompare(group, member),
  more: (group, member, card) => showMore(card, group),
};

function handleClick(event) {
  const card = event.target.closest(".group");
  if (!card) return;
  for (const other of document.querySelectorAll(".group")) other.tabIndex = other === card ? 0 : -1;
  const group = cardGroup(card);
  const row = event.target.closest(".member");
  const pressed = event.target.closest("[data-action]");
  if (pressed) ACTIONS[pressed.dataset.action](group, row ? group.members[Number(row.dataset.member)] : null, card);
}

function sayStorageTrouble() {
  notify(`This browser does not keep your decisions (${storageTrouble}): export them before you close this page.`, { stays: true });
}

function listen() {
  element("groups").addEventListener("click", handleClick);
  element("groups").addEventListener("error", missThumbnail, { capture: true });
  element("filter").addEventListener("submit", (event) => event.preventDefault());
  // A field counts with every letter; a list when it is chosen from, which some tools for people tell by "change" alone.
  element("filter").addEventListener("input", ({ target }) => { if (target.localName !== "select") refilter(); });
  element("filter").addEventListener("change", ({ target }) => { if (target.localName === "select") refilter(); });
  element("page").addEventListener("change", (event) => turnPage(Math.min(Math.max(1, Number.parseInt(event.target.value, 10) || 1), pageCount())));
  const clicks = {
    first: () => turnPage(1), previous: () => turnPage(filter.page - 1), next: () => turnPage(filter.page + 1),
    more: () => turnPage(filter.page + 1), last: () => turnPage(pageCount()), again: refilter, undo: takeBack,
    export: exportDecisions, import: () => element("file").click(), help: () => element("keys").showModal(),
    "keys-close": () => element("keys").close(), "compare-close": () => element("compare").close(),
    "compare-previous": () => stepCompared(-1), "compare-next": () => stepCompared(1),
    "compare-duplicate": COMPARE_DECISIONS.duplicate, "compare-not": COMPARE_DECISIONS.not, "compare-keep": COMPARE_DECISIONS.keep,
  };
  for (const [id, clicked] of Object.entries(clicks)) element(id).addEventListener("click", clicked);
  element("file").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (file) await importDecisions(file);
    event.target.value = "";
    repaint();
  });
  document.addEventListener("keydown", handleKey);
  window.addEventListener("storage", (event) => { if (heard(event)) repaint(); });
  window.addEventListener("beforeunload", (event) => { if (!storage && decided.size) event.preventDefault(); });
}

openStorage();
recallFilter();
fillFilter();
applyFilter();
listen();
showPage();
if (!storage) sayStorageTrouble();
