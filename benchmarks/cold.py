"""One search in a fresh process, part by part: `python -m benchmarks.cold FILE HEX` prints JSON."""

import json
import sys
import time


def main(file: str, text: str) -> None:
    """Do what the command does, and take the time of each step."""
    parts: dict[str, float] = {}
    began = time.perf_counter()

    def done(part: str) -> None:
        nonlocal began
        now = time.perf_counter()
        parts[part] = now - began
        began = now

    from hashindex.compose import open_index
    from settings import load_settings

    settings = load_settings(milvus_uri=file, collection="benchmark")
    done("import of hashindex")
    from hashindex.store.vendor import pymilvus

    pymilvus()
    done("import of pymilvus")
    index = open_index(settings=settings)
    done("open: start of Lite, load")
    lookup = index.all_companies()
    list(lookup.search_hashes([bytes.fromhex(text)]))
    done("first search")
    list(lookup.search_hashes([bytes.fromhex(text)]))
    done("second search (not in the whole)")
    index.close()
    done("close")
    print(json.dumps(parts))


if __name__ == "__main__":
    main(*sys.argv[1:])
