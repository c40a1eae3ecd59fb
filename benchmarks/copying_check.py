"""How long does it take to find what 10,000 written characters copy from a text of 10 MB?

Ours with the index on disk, as for every sample and output of a corpus version but the first,
against what one would write first: whether each stretch of 41 characters is `in` the text, measured
on every twentieth place and scaled. The text is words of the corpus in random order; half of the
writing stands in it. Then how long the index takes to build, and the memory of that process.

python benchmarks/copying_check.py [CORPUS] [--pairs 5]
"""

import random
import tempfile
import time
from pathlib import Path

import numpy as np
from pairs import at_most, compare, finish, parser
from yardsticks import run

CHARACTERS, WRITTEN, STRETCH, EVERY = 10_000_000, 10_000, 41, 20
SECONDS, BUILD_SECONDS, GB = 1.0, 10.0, 0.5


def main() -> None:
    """Print the figures; with ``--once`` those of one process."""
    words = parser(__doc__)
    words.add_argument("--once", type=Path)
    words.add_argument("--plain", action="store_true")
    args = words.parse_args()
    if args.once:
        print(plain(args.corpus) if args.plain else ours(args.corpus, args.once))
        return
    with tempfile.TemporaryDirectory() as folder:
        figures(args.corpus, Path(folder), args.pairs)


def figures(corpus: Path, folder: Path, pairs: int) -> None:
    """Measure in processes of their own."""
    once = (__file__, corpus, "--once", folder)
    built = run(*once)
    checks = []

    def check() -> float:
        checks.append(run(*once).figure("check"))
        return checks[-1]

    name = f"{WRITTEN:,} written characters looked through for copies of a text of 10 MB"
    sooner = compare(
        name, "s", check, lambda: run(*once, "--plain").figure("check"),
        against="every stretch `in` the text", wanted=10, pairs=pairs, smaller=True,
        limit="opening the index and checking its files included",
    )  # fmt: skip
    finish(
        sooner,
        at_most(name + ", at most", "s", checks, SECONDS),
        at_most("building the index of a text of 10 MB", "s", [built.figure("build")],
                BUILD_SECONDS),
        at_most("memory of the process that builds it", "GB", [built.memory], GB),
    )  # fmt: skip


def texts(corpus: Path) -> tuple[str, str]:
    """Return a text and a writing, of which every other 100 characters stand in the text."""
    rng = random.Random(0)
    words = corpus.read_text("utf-8").split(" ")
    text = " ".join(rng.choices(words, k=CHARACTERS // 4))[:CHARACTERS]
    other = " ".join(rng.choices(words, k=WRITTEN))
    pieces = []
    for at in range(0, WRITTEN, 200):
        place = rng.randrange(len(text) - 100)
        pieces += [text[place : place + 100], other[at : at + 100]]
    return text, "".join(pieces)


def ours(corpus: Path, folder: Path) -> str:
    """Check with the index in a folder, which is built where it is not there."""
    from worker.engine.copying import CopyIndex
    from worker.engine.vocabulary import Vocabulary

    text, written = texts(corpus)
    vocabulary = Vocabulary.from_text(text + written)
    ids, looked = vocabulary.encode(text), vocabulary.encode(written)
    CopyIndex(folder, "warm", 100, lambda first, end: ids[first:end]).check([looked[:10]])
    begun = time.perf_counter()
    index = CopyIndex(folder, "text", len(ids), lambda first, end: ids[first:end])
    index.check([np.empty(0, ids.dtype)])
    index.check([looked[:1]])
    opened = time.perf_counter()
    found = CopyIndex(folder, "text", len(ids), index.ids).check([looked])
    assert 0.4 < found.share < 0.6, found
    return f"build {opened - begun:.3f} check {time.perf_counter() - opened:.4f}"


def plain(corpus: Path) -> str:
    """Look for each stretch by itself, on every twentieth place."""
    text, written = texts(corpus)
    begun = time.perf_counter()
    for at in range(0, len(written) - STRETCH, EVERY):
        assert isinstance(written[at : at + STRETCH] in text, bool)
    return f"check {(time.perf_counter() - begun) * EVERY:.3f}"


if __name__ == "__main__":
    main()
