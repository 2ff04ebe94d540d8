"""Texts and ids at the edges: what a store must bring back as it was, and never take for its own language."""

from hashindex.keys import MAX_ID

EDGE_IDS = (0, 1, 10, MAX_ID - 1, MAX_ID)

TEXTS = (
    "",
    "'",
    '"',
    "`\\",
    "it's a 'quote' and a \"double\" one",
    "x' OR '1'='1",
    "1:1'); DROP TABLE image_hash; --",
    'a" in ["1:0"] or company_id >= 0 or uri == "',
    "[1, 2, {3}] (4) %s %d %% {0} ${HOME} $(id)",
    "id in ['0:0']",
    "two\nlines\r\nand\ta tab",
    "nul\0in the middle",
    "图片/猫和狗.jpg",
    "e\u0301\u202e \U0001f431 \u00ff\uffff",
    "\ufeff/mark/at/the/start.png",
    "%27%22%0A",
    " spaces at both ends ",
)
