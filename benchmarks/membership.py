"""Do the lists tell whose history a model learned from? The gate's own attack on public data.

`python benchmarks/membership.py [--models KEPT] FOLDER ...`; each folder holds train.csv, test.csv, test_users.txt and,
where there are any, items.csv, users.csv and meta.json, as the batch command reads them. Prints the AUC of every
attack; the gate holds the strongest against its bound.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.kit.split import Split, folders_of, opened
from recommendations.evaluation.membership import BOUND
from recommendations.pipeline.fitted import Wish
from recommendations.pipeline.shadow import try_membership


def main() -> None:
    """Attack a model of every folder; fail where one tells more than the bound allows."""
    options = folders_of(__doc__)
    over = [folder.name for folder in options.folders if not _attacked(opened(folder, options.models))]
    if over:
        raise SystemExit(f"over the bound of {BOUND}: {', '.join(over)}")


def _attacked(split: Split) -> bool:
    """Print what the attacks on a split's model came to; True where it is within the bound."""
    found = try_membership(split.dataset, split.model, Wish(), lambda *_: None)
    if found is None:
        print(f"{split.name}: too few people to leave any out")
        return True
    others = ", ".join(f"{name} {value:.3f}" for name, value in sorted(found.aucs.items(), key=lambda one: -one[1]))
    print(
        f"{split.name}: {found.people} people, AUC {found.auc:.3f} [{found.low:.3f}, {found.high:.3f}] by "
        f"{found.attack}; {found.caught:.1%} caught at one false alarm in a hundred; {others}",
        flush=True,
    )
    return found.within()


if __name__ == "__main__":
    main()
