import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.launch.alone import RunsAlready, alone

PROJECT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from config.launch.alone import alone
held = alone(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_run_is_told_who_runs_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "run" / "launch.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(RunsAlready, match=rf"running in this folder already \(process {first.pid}\)"):
            alone(path)
        first.kill()
        first.wait()
    with alone(path):
        assert path.read_text() == str(os.getpid())
