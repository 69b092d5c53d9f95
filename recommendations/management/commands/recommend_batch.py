"""Train and recommend from files alone; no database is opened."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib.engine import EngineError
from lib.optional import Missing
from recommendations.dataset.load import BadInput
from recommendations.pipeline import batch
from recommendations.pipeline.chosen import means


class Command(BaseCommand):
    """The Django door of recommendations.pipeline.batch."""

    help = "Train on CSV files and write a ranked list for every user asked. Touches no database."
    # system checks would open the databases
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The same options as the door without Django; what learners are fitted with is what the settings say."""
        batch.add_arguments(parser)
        chosen = means()
        parser.set_defaults(
            neural=chosen.neural,
            engine=chosen.engine,
            spark_master=chosen.spark.master,
            spark_memory_mb=chosen.spark.memory_mb,
            spark_dir=chosen.spark.folder,
        )

    def handle(self, *args: Any, **options: Any) -> str:
        """Run the job and return its summary."""
        try:
            outcome = batch.recommend_files(batch.job_from(argparse.Namespace(**options)), self._say)
        except (BadInput, EngineError, Missing, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        return batch.summary(outcome)

    def _say(self, done: int, total: int, stage: str) -> None:
        self.stderr.write(f"{stage}: {done}/{total}", ending="\n")
        self.stderr.flush()
