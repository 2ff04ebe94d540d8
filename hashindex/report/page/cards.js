// A group and its pictures on the page. What is fixed is made once; `paint` sets what decisions change.

const SHOWN_AT_FIRST = 12;
const SHOWN_MORE = 60;

const VERDICTS = { exact: "exact copy", near: "near", weak: "not confirmed" };
const STATES = { duplicate: "duplicates", not_duplicate: "not duplicates", mixed: "mixed", partly: "partly decided", open: "undecided" };
const SAID = { duplicate: "duplicate", not_duplicate: "not a duplicate" };

function groupCard(group) {
  const title = `group-${group.index}`;
  const { members } = group;
  const card = make("article", { class: "group", tabindex: "-1", "data-group": group.index, "aria-labelledby": title },
    make("header", { class: "group-head" },
      make("h2", { id: title }, make("span", { class: "number" }, figures.format(group.index + 1)), " ", headline(group)),
      make("p", { class: "facts" }, factsOfGroup(group)),
      make("div", { class: "decide", role: "group", "aria-label": "Decide about the group" },
        make("span", { class: "state" }),
        button("Duplicates", "group-duplicate", { "aria-keyshortcuts": "d", title: "All are the same picture (D)" }),
        button("Not duplicates", "group-not", { "aria-keyshortcuts": "n", title: group.isExact ? "These copies are all wanted (N)" : "None is a duplicate of another (N)" }))),
    make("p", { class: "why" }),
    make("ul", { class: "members" }, ...members.slice(0, SHOWN_AT_FIRST).map((member) => memberCard(group, member))));
  if (members.length > SHOWN_AT_FIRST) card.append(button("", "more", { class: "link" }));
  if (group.count > members.length) card.append(make("p", { class: "more-exist" }, moreExist(group)));
  card.style.setProperty("--pictures", Math.min(members.length, SHOWN_AT_FIRST)); // how wide it would be
  paint(card, group);
  return card;
}

function headline(group) {
  if (group.isExact) return "Exact copies";
  return `${OF_VERDICT.unconfirmed(group) ? "Not confirmed" : "Near"}, ${group.distance ? `up to ${bits(group.distance)}` : "0 bits"}`;
}

function factsOfGroup(group) {
  return [count(group.count, "picture", "pictures"),
    group.count > 2 && group.farthest ? `farthest pair ${bits(group.farthest)}` : null,
    group.bytes ? `${bytes(group.bytes)} not kept` : null].filter(Boolean).join(" · ");
}

function moreExist(group) {
  return `This page holds ${figures.format(group.members.length)} of its ${figures.format(group.count)} pictures, the nearest, `
    + "and a decision about the group is about those. hashindex duplicates lists all with --json or --csv.";
}

function memberCard(group, member) {
  const [folder, name] = splitUri(member.uri);
  const original = fileUrl(member.uri);
  const shown = nameOf(member);
  return make("li", { class: "member", tabindex: "-1", "data-member": member.index, "aria-label": `Picture ${member.index + 1}: ${shown}` },
    make("div", { class: "picture" },
      pictureUrl(member)
        ? button(make("img", { src: pictureUrl(member), alt: "", loading: "lazy", decoding: "async" }), "compare", { class: "bare", "aria-label": `Compare ${shown}`, title: "Compare (Space)" })
        : noThumbnail(member.picture),
      button("", "keep", { "aria-keyshortcuts": "k", title: "Keep this one (K)" }),
      make("div", { class: "marks" }, make("span", { class: `mark ${member.verdict ?? ""}` }),
        member.isProtected ? make("span", { class: "mark", title: "It lies where nothing is proposed for removal" }, "protected") : null)),
    make("div", { class: "name" },
      original ? make("a", { href: original, target: "_blank", rel: "noopener noreferrer", title: member.uri }, make("bdi", {}, shown)) : make("bdi", { title: member.uri }, shown),
      folder ? make("bdi", { class: "folder", title: folder }, folder) : null),
    make("div", { class: "facts" }, ...factsOf(member).map(([name, ...facts]) => make("p", { class: name }, ...facts.flatMap((fact, number) => [number ? " · " : null, make("span", {}, fact)])))),
    make("div", { class: "decide", role: "group", "aria-label": `Decide about ${shown}` },
      button("Duplicate", "duplicate", { "aria-keyshortcuts": "Shift+d", title: "It is a duplicate of the one to keep (Shift+D)" }),
      button("Not a duplicate", "not", { "aria-keyshortcuts": "Shift+n", title: "It is none of the one to keep (Shift+N)" })));
}

const noThumbnail = (why) => make("p", { class: "no-thumbnail", title: why }, make("b", {}, "no thumbnail"), make("span", {}, why));

// Lines: the name of each, and its parts.
function factsOf(member) {
  return [
    ["file", sizeOf(member), member.size ? bytes(member.size) : null, day(member.time)],
    ["distances", ...(member.index && member.verdict !== "exact" ? distances(member) : [])],
    ["why-not", member.index ? member.why : null],
    ["key", member.company === null ? null : `company ${member.company}, ${member.meta}`],
    ["hash", member.digest ? null : member.hash],
  ].map((line) => line.filter(Boolean)).filter((line) => line.length > 1);
}

const sizeOf = ({ width, height }) => (width ? `${figures.format(width)} × ${figures.format(height)}` : null);

function distances({ distance, phash, dhash }) {
  return [bits(distance), phash === null ? null : `pHash ${phash}`, dhash === null ? null : `dHash ${dhash}`];
}

function paint(card, group) {
  const { kept, verdict } = stateOf(group);
  card.dataset.state = verdict;
  card.querySelector(".state").textContent = ["mixed", "partly"].includes(verdict) ? STATES[verdict] : "";
  card.querySelector(".why").textContent = `Keep ${nameOf(kept)}: ${isChosen(group, kept) ? "your choice" : group.why}`;
  press(card.querySelector("[data-action=group-duplicate]"), verdict === DUPLICATE, verdict === "none");
  press(card.querySelector("[data-action=group-not]"), verdict === NOT_DUPLICATE, verdict === "none");
  const rows = card.querySelectorAll(".member");
  for (const row of rows) paintMember(row, group, group.members[Number(row.dataset.member)], kept);
  const more = card.querySelector("[data-action=more]");
  if (more) {
    more.hidden = rows.length >= group.members.length;
    more.textContent = `Show more: ${figures.format(group.members.length - rows.length)} of ${figures.format(group.members.length)} are not shown`;
  }
}

function paintMember(row, group, member, kept) {
  const said = relation(kept, member);
  const keeps = member === kept ? "Keep" : "Keep this one";
  const verdict = row.querySelector(".mark");
  const keep = row.querySelector("[data-action=keep]");
  row.classList.toggle("kept", member === kept);
  row.dataset.said = said ?? "";
  verdict.textContent = member.index ? VERDICTS[member.verdict] ?? "no verdict" : "proposed";
  verdict.hidden = member.index === 0 && member === kept;
  keep.textContent = keeps;
  keep.setAttribute("aria-label", `${keeps}: ${nameOf(member)}`);
  press(keep, isChosen(group, member), !member.digest);
  press(row.querySelector("[data-action=duplicate]"), said === DUPLICATE, !isDecidable(kept, member));
  press(row.querySelector("[data-action=not]"), said === NOT_DUPLICATE, !isDecidable(kept, member));
}

function press(pressed, isPressed, isDisabled) {
  pressed.setAttribute("aria-pressed", String(isPressed));
  pressed.disabled = isDisabled;
}

function showMore(card, group) {
  const list = card.querySelector(".members");
  const shown = list.children.length;
  list.append(...group.members.slice(shown, shown + SHOWN_MORE).map((member) => memberCard(group, member)));
  paint(card, group);
  list.children[shown].focus();
}

// Its folder may not have come along with the page.
function missThumbnail({ target }) {
  if (target.localName === "img" && target.closest(".member")) {
    target.closest("button").replaceWith(noThumbnail(`the folder ${decodeURI(source.folder ?? "")} is not beside this page`));
  }
}
