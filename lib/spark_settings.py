"""Where Spark runs and what it may take, and whether it can run here at all. Nothing heavy is imported."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lib import optional

ADVICE = "Install it with: pip install --require-hashes -r requirements-spark.txt"
JAVA_ADVICE = "Spark needs Java 17 or 21; on Debian: apt-get install openjdk-17-jre-headless."
OLDEST_JAVA = 17


@dataclass(frozen=True)
class SparkConfig:
    """Where Spark runs and what it may take."""

    master: str = "local[*]"
    """`local[n]` for n threads of this machine, else the cluster's address, such as spark://host:7077."""
    memory_mb: int = 2048
    """Of the driver, which for a local master is all there is; workers of a cluster have what the cluster gives them.
    """
    folder: Path | None = None
    """A folder that this process and every worker see under the same path; None for the system's own for temporary
    files, which is right for a local master only."""


def why_not() -> list[str]:
    """Why Spark cannot run here, in words, one reason each; empty when it can."""
    reasons = [optional.why_not("pyspark", ADVICE), _java_why_not()]
    return [reason for reason in reasons if reason]


def _java_why_not() -> str | None:
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not program:
        return f"There is no Java on this machine. {JAVA_ADVICE}"
    try:
        told = subprocess.run([program, "-version"], capture_output=True, text=True, check=True, timeout=30).stderr
    except (OSError, subprocess.SubprocessError) as error:
        return f"Java cannot be started ({error}). {JAVA_ADVICE}"
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < OLDEST_JAVA:
        return f"Java is too old ({told.splitlines()[0] if told.strip() else 'it does not say which'}). {JAVA_ADVICE}"
    return None
