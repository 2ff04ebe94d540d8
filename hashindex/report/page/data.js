// What the report holds (written by rows.py) as objects.

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
