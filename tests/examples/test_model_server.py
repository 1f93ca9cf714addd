"""The README's model server, typed as it stands there."""

import subprocess
import sys
from pathlib import Path

from tests.examples.test_readme import example

ASK = """
from urllib.request import urlopen
with urlopen("http://127.0.0.1:9102/metrics") as answer:
    print(answer.read().decode())
"""


def python(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_model_server_of_the_example_counts_what_it_saw(tmp_path: Path) -> None:
    rows = "\n".join(f"{20 + row % 50},{'basic' if row % 3 else 'pro'},{row % 10 / 10}" for row in range(1000))
    (tmp_path / "train.csv").write_text(f"age,plan,churns\n{rows}\n")
    python(tmp_path, "-c", "from commonground.cli import main; main()", "baseline", "train.csv", "--prediction", "churns", "-o", "baseline.json")
    exposed = python(tmp_path, "-c", example("telemetry") + ASK)
    counted = [line for line in exposed.splitlines() if 'variable="plan"' in line and line.endswith(" 1.0")]
    assert len(counted) == 1 and 'bin="basic"' in counted[0] and 'model="churn"' in counted[0]
