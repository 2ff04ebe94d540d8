// What the page holds, and where its pictures are.

const element = (id) => document.getElementById(id);

const source = JSON.parse(element("data").textContent);
element("data").remove();

// Where there is no picture, its member says why.
function pictureUrl({ picture }) {
  if (typeof picture === "string") return null;
  const value = source.pictures[picture];
  return source.folder === null
    ? `data:image/jpeg;base64,${value}`
    : `${source.folder}${value.slice(0, 2)}/${value}.jpg`;
}

// The file itself, where it is a local path; `%25` and `%80` to `%FF` are escapes already (hashindex/uris.py).
function fileUrl(uri) {
  if (!uri.startsWith("/")) return null;
  const parts = uri.split(/(%(?:25|[89A-F][0-9A-F]))/);
  const escape = (text) => encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text).replaceAll("%2F", "/");
  return `file://${parts.map((part, number) => (number % 2 ? part : escape(part))).join("")}`;
}
