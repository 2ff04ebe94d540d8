// What the report holds (written by rows.py) as objects.

const element = (id) => document.getElementById(id);

const source = JSON.parse(element("data").textContent);
element("data").remove();

const memberOf = ([
  uri, company, meta, digest, hash, width, height, size, time, distance, phash, dhash, verdict, isProtected, isDecided,
  why, picture,
], index) => ({
  uri, company, meta, digest, hash, width, height, size, time, distance, phash, dhash, verdict, why, picture, index,
  isProtected: Boolean(isProtected),
  isDecided: Boolean(isDecided), // an earlier decision says that it is a duplicate of the one proposed
});

const groups = source.groups.map((values, index) => {
  const members = values.members.map(memberOf);
  return {
    ...values,
    index,
    members, // the first is proposed to be kept; of very many only the nearest are here, `count` says how many there are
    isExact: values.verdicts.every((verdict) => verdict === "exact"),
    // Two digests are one picture; those without are bare hashes, which no decision can name.
    digests: [...new Set(members.map((member) => member.digest).filter(Boolean))],
    state: null, // remembered by decisions.js
    words: null, // remembered by filter.js
  };
});

source.groups = null;

const groupsByDigest = new Map();
for (const group of groups) {
  for (const digest of group.digests) {
    const known = groupsByDigest.get(digest);
    if (known) known.push(group);
    else groupsByDigest.set(digest, [group]);
  }
}

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
