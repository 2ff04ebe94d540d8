// Two pictures large, the kept one and another; the files themselves where they are local and the browser knows them.

const compared = { group: null, member: null };

function openCompare(group, member) {
  const { kept } = stateOf(group);
  compared.group = group;
  compared.member = member && member !== kept ? member : group.members.find((each) => each !== kept);
  showCompared();
  if (!element("compare").open) element("compare").showModal();
}

function showCompared() {
  const { group, member } = compared;
  const { kept } = stateOf(group);
  const said = relation(kept, member);
  element("compare-title").textContent = `Group ${figures.format(group.index + 1)}: picture ${figures.format(member.index + 1)} of ${figures.format(group.members.length)}`;
  element("compare-body").replaceChildren(...[kept, member].map((each) => large(each, each === kept)));
  press(element("compare-keep"), false, !member.digest);
  press(element("compare-duplicate"), said === DUPLICATE, !isDecidable(kept, member));
  press(element("compare-not"), said === NOT_DUPLICATE, !isDecidable(kept, member));
  for (const id of ["compare-previous", "compare-next"]) element(id).disabled = group.members.length < 3;
}

function large(member, isKept) {
  const facts = factsOf(member).filter(([name]) => ["file", "distances"].includes(name)).flatMap(([, ...parts]) => parts);
  const caption = [isKept ? "keep" : VERDICTS[member.verdict], ...facts].filter(Boolean).join(" · ");
  return make("figure", { class: isKept ? "kept" : null }, largePicture(member),
    make("figcaption", {}, make("bdi", { title: member.uri }, nameOf(member)), make("span", { class: "muted" }, caption)));
}

function largePicture(member) {
  const original = fileUrl(member.uri);
  const small = pictureUrl(member);
  if (!original && !small) return noThumbnail(member.picture);
  const image = make("img", { src: original ?? small, alt: nameOf(member) });
  // It may have moved, or be of a kind that the browser does not show.
  if (original) {
    image.addEventListener("error", () => {
      if (small) image.src = small;
      else image.replaceWith(noThumbnail(member.picture));
    }, { once: true });
  }
  return image;
}

function stepCompared(step) {
  const { group, member } = compared;
  const others = group.members.filter((each) => each !== stateOf(group).kept);
  compared.member = others[(others.indexOf(member) + step + others.length) % others.length];
  showCompared();
}

function decideCompared(decide) {
  const { group, member } = compared;
  const { kept } = stateOf(group);
  act(group, () => decide(group, member));
  if (stateOf(group).kept === member) compared.member = kept;
  showCompared();
}

const COMPARE_DECISIONS = {
  duplicate: () => decideCompared((group, member) => decideMember(group, member, DUPLICATE)),
  not: () => decideCompared((group, member) => decideMember(group, member, NOT_DUPLICATE)),
  keep: () => decideCompared(keepMember),
};
