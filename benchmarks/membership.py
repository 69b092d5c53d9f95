"""Do the lists tell whose history a model learned from? The gate's own attack on public data.

`python benchmarks/membership.py FOLDER ...`; each folder holds train.csv, test_users.txt and, where there are any,
items.csv and users.csv, as the batch command reads them. Prints the AUC of every attack; the gate holds the strongest
against its bound.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recommendations.dataset.load import load_files, read_ids
from recommendations.evaluation.membership import BOUND
from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import Wish
from recommendations.pipeline.shadow import try_membership


def main(folders: Sequence[str]) -> None:
    """Attack a model of every folder; fail where one tells more than the bound allows."""
    if not folders:
        print("nothing to measure: name folders of splits")
    over = [folder for folder in folders if not _attacked(Path(folder))]
    if over:
        raise SystemExit(f"over the bound of {BOUND}: {', '.join(over)}")


def _attacked(folder: Path) -> bool:
    """Print what the attacks on a folder's model came to; True where it is within the bound."""
    items, people = (folder / part if (folder / part).exists() else None for part in ("items.csv", "users.csv"))
    named = read_ids(folder / "test_users.txt")
    dataset = load_files(folder / "train.csv", items, people, named)
    model = fit_hybrid(dataset, asked=dataset.users.get_indexer(pd.Index(named)).astype(np.int64))
    found = try_membership(dataset, model, Wish(), lambda *_: None)
    if found is None:
        print(f"{folder.name}: too few people to leave any out")
        return True
    others = ", ".join(f"{name} {value:.3f}" for name, value in sorted(found.aucs.items(), key=lambda one: -one[1]))
    print(
        f"{folder.name}: {found.people} people, AUC {found.auc:.3f} [{found.low:.3f}, {found.high:.3f}] by "
        f"{found.attack}; {found.caught:.1%} caught at one false alarm in a hundred; {others}",
        flush=True,
    )
    return found.within()


if __name__ == "__main__":
    main(sys.argv[1:])
