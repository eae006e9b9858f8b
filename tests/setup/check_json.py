"""Says which of the given JSON files does not parse, or has the same key twice in an object."""

import json
import sys


def refuse_twice(pairs):
    keys = [key for key, _ in pairs]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise ValueError(f"key given twice: {', '.join(sorted(twice))}")
    return dict(pairs)


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


faults = 0
for path in sys.argv[1:]:
    try:
        with open(path, encoding="utf-8") as file:
            json.load(file, object_pairs_hook=refuse_twice, parse_constant=refuse_constant)
    except ValueError as error:
        print(f"{path}: {error}", file=sys.stderr)
        faults += 1
sys.exit(faults > 0)
