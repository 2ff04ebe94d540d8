// Pairs of pictures (written by pairs.py), section by section.

function pairPicture([uri, picture]) {
  const url = pictureUrl({ picture });
  const image = url ? make("img", { src: url, alt: "", loading: "lazy" }) : make("p", { class: "no-thumbnail" }, picture);
  const [folder, name] = splitUri(uri);
  const file = fileUrl(uri);
  return make("figure", {},
    make("div", { class: "picture" }, image),
    make("figcaption", { title: uri },
      make("span", { class: "folder" }, folder),
      file ? make("a", { href: file }, name) : make("span", {}, name)));
}

for (const { title, said, pairs } of source.sections) {
  element("sections").append(
    make("h2", {}, title),
    make("p", { class: "muted" }, said),
    make("div", { class: "pairs" },
      ...pairs.map(([pictures, words]) => make("article", { class: "pair" }, ...pictures.map(pairPicture), make("p", {}, words)))));
}
