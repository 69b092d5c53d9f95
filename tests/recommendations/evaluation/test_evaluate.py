import json

import numpy as np
import scipy.sparse as sp

from recommendations.evaluation.evaluate import EvaluationReport, Exam, evaluate

STORED = {
    "goal": "new",
    "window": "time 0.80",
    "entries": [
        {
            "name": "hybrid", "people": 40, "ndcg10": 0.3, "low": 0.2, "high": 0.4, "recall10": 0.1, "recall20": 0.2,
            "precision10": 0.1, "map10": 0.1, "mrr10": 0.1, "hit10": 0.5, "coverage10": 0.4, "novelty10": 3.0,
            "buckets": {"hot": {"people": 40, "ndcg10": 0.3}},
        }
    ],
}  # fmt: skip
"""As reports were stored before lists were judged at other lengths."""


def exam(**more: object) -> Exam:
    truth = sp.csr_matrix(np.eye(4, 30, dtype=np.float32))
    return Exam("new", "time 0.80", truth, np.array([1, 2, 5, 50]), np.ones(30, np.int64), 9, **more)  # type: ignore[arg-type]


def test_a_report_stored_earlier_still_loads() -> None:
    entry = EvaluationReport.from_values(STORED).entries[0]
    assert (entry.ndcg10, entry.ndcg5, entry.category_diversity10) == (0.3, None, None)


def test_a_report_survives_json_and_ranks_by_ndcg() -> None:
    good, bad = np.tile(np.arange(20), (4, 1)), np.tile(np.arange(10, 30), (4, 1))
    report = evaluate({"bad": bad, "good": good}, exam())
    assert [entry.name for entry in report.entries] == ["good", "bad"]
    assert report.entries[0].hit5 == 1
    assert report.entries[0].miscalibration10 is None
    assert EvaluationReport.from_values(json.loads(json.dumps(report.as_values()))) == report


def test_diversity_and_calibration_are_measured_where_the_exam_knows_categories() -> None:
    past = sp.csr_matrix(np.ones((4, 30), np.float32))
    asked = exam(past=past, categories=np.arange(30) % 3, texts=sp.csr_matrix(np.eye(30)))
    entry = evaluate({"all": np.tile(np.arange(20), (4, 1))}, asked).entries[0]
    assert entry.category_diversity10 is not None and 0.7 < entry.category_diversity10 < 0.75
    assert entry.content_diversity10 == 1
    assert entry.miscalibration10 is not None and 0 < entry.miscalibration10 < 0.02
    blank = evaluate({"all": np.tile(np.arange(20), (4, 1))}, exam(past=past, categories=np.full(30, -1))).entries[0]
    assert blank.category_diversity10 is None
