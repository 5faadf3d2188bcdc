"""The page about watching tells the truth of today."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from client.watching import metrics
from client.watching.words import summary
from tests.watching.records import changed, refused

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "watching.md").read_text()


def written() -> dict[str, set[str]]:
    """Metric to the labels of its own, of a run that wrote all that there are."""
    text = metrics.render(changed(), "sync", 1.0).decode()
    return {
        family.name: {name for sample in family.samples for name in sample.labels} - {"connection", "owner"}
        for family in text_string_to_metric_families(text)
    }


def test_the_table_has_every_metric_once_with_its_labels() -> None:
    rows = re.findall(r"^\| `(sync_auth0_\w+)` \| (.*?)\|", PAGE, re.MULTILINE)

    assert len(rows) == len({name for name, _ in rows})
    assert {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == written()


def test_the_alarms_are_about_metrics_that_there_are() -> None:
    example = re.search(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
    assert example is not None

    rules = [rule for group in yaml.safe_load(example[1])["groups"] for rule in group["rules"]]

    named = {name for rule in rules for name in re.findall(r"sync_auth0_\w+", rule["expr"])}
    assert len(rules) >= 3
    assert named <= written().keys()


def test_the_message_has_the_lines_that_a_message_has() -> None:
    example = re.search(r"```text\n(.+?)```", PAGE, re.DOTALL)
    assert example is not None

    def first_words(text: str) -> list[str]:
        return [re.sub(r"\d+", "#", line.split()[0]) for line in text.splitlines() if "not tried" not in line]

    assert first_words(example[1]) == first_words(summary(refused()))
