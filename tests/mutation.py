"""Would the specs notice? Single changes to rules and states, a sample drawn by a seed, each tried against their specs.

`python -m tests.mutation cosmic-ray --seed 1 --sample 20 [--only lead]`, where `cosmic-ray` is that program of the
package of the same name, which is not among our dependencies. It changes files in place: run it in a clone. Changes of
type unions and of decorators are left out, since nothing could be imported with them, and every spec would notice.
"""

import argparse
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "mutation"
SECONDS = 240.0  # For the specs of one area; a change after which they take longer is noticed.
LEFT_OUT = (
    "core/RemoveDecorator",
    "core/ReplaceBinaryOperator_BitOr",
    # Of texts, small numbers and None these are the same.
    "core/ReplaceComparisonOperator_Eq_Is",
    "core/ReplaceComparisonOperator_NotEq_IsNot",
    "core/ReplaceComparisonOperator_Is_Eq",
    "core/ReplaceComparisonOperator_IsNot_NotEq",
)
ALWAYS = ("tests/commands/test_known_failures.py", "tests/commands/test_access.py")


@dataclass(frozen=True)
class Area:
    """Some modules, and the specs that should notice whatever is changed in them: the quick ones first."""

    name: str
    modules: tuple[str, ...]
    specs: tuple[str, ...]


# How values are made, what runs it all, and what a subject was.
BESIDE = ("domain/values.py", "commands/service.py", "commands/ask.py", "commands/past.py")

AREAS = (
    Area(
        "lead",
        ("domain/lead", "commands/lead", "domain/agent_book.py", "commands/agent_book.py"),
        ("tests/commands/lead", "tests/domain/test_lead.py", "tests/commands/test_lead_machine.py"),
    ),
    Area(
        "pool",
        ("domain/pool.py", "commands/pool.py", "domain/dispatch_rule.py", "commands/dispatch_rule.py"),
        (
            "tests/commands/test_pool.py",
            "tests/domain/test_pool.py",
            "tests/domain/test_dispatch_rule.py",
            "tests/commands/test_dispatch_rule.py",
            "tests/commands/lead",
        ),
    ),
    Area(
        "identity",
        ("domain/identity.py", "commands/identity.py", "domain/money.py", "domain/catalog.py", "commands/catalog.py"),
        (
            "tests/domain/test_identity.py",
            "tests/domain/test_money.py",
            "tests/domain/test_catalog.py",
            "tests/commands/test_catalog.py",
            "tests/commands/lead",
            "tests/commands/customer",
        ),
    ),
    Area(
        "customer",
        (
            "domain/customer",
            "commands/customer",
            "domain/lifecycle_policy.py",
            "commands/lifecycle_policy.py",
            "domain/erasure.py",
            "commands/erasure.py",
        ),
        (
            "tests/commands/customer",
            "tests/domain/test_customer.py",
            "tests/commands/test_lifecycle_policy.py",
            "tests/commands/test_erasure.py",
        ),
    ),
    Area(
        "contact",
        ("domain/contact", "commands/contact", "domain/outreach_policy.py", "commands/outreach_policy.py"),
        (
            "tests/commands/contact",
            "tests/domain/test_contact.py",
            "tests/domain/test_outreach_policy.py",
            "tests/commands/test_outreach_policy.py",
            "tests/commands/customer/test_gate.py",
        ),
    ),
    Area(
        "ticket",
        ("domain/ticket", "commands/ticket", "domain/ticket_book.py", "commands/ticket_book.py"),
        (
            "tests/commands/ticket",
            "tests/domain/test_escalation.py",
            "tests/domain/test_ticket_dispatch.py",
            "tests/commands/test_ticket_book.py",
            "tests/commands/test_ticket_machine.py",
        ),
    ),
    Area(
        "time",
        (
            "domain/calendar.py",
            "commands/calendar.py",
            "domain/sla.py",
            "domain/sla_policy.py",
            "commands/sla_policy.py",
        ),
        (
            "tests/domain/test_calendar.py",
            "tests/commands/test_calendar.py",
            "tests/commands/test_sla_policy.py",
            "tests/commands/ticket",
            "tests/commands/test_ticket_machine.py",
        ),
    ),
    Area(
        "order",
        ("domain/order", "commands/order", "domain/credit_policy.py", "commands/credit_policy.py"),
        ("tests/commands/order", "tests/domain/test_order.py", "tests/commands/test_credit_policy.py"),
    ),
    Area(
        "call",
        ("domain/call", "commands/call", "domain/call_policy.py", "commands/call_policy.py"),
        ("tests/commands/call", "tests/domain/test_call.py"),
    ),
    Area(
        "quality",
        ("domain/quality", "commands/quality"),
        (
            "tests/commands/quality",
            "tests/domain/test_agreement.py",
            "tests/domain/test_sampling.py",
            "tests/domain/test_scoring.py",
        ),
    ),
    Area(
        "people",
        (
            "domain/staff.py",
            "commands/staff.py",
            "commands/people.py",
            "domain/group.py",
            "domain/target.py",
            "commands/group.py",
            "commands/target.py",
            "domain/policy.py",
            "commands/policy.py",
            "commands/risk.py",
            "commands/becoming.py",
            "domain/operation.py",
            "domain/read_model.py",
            "commands/read_model.py",
            "domain/inbound_topic.py",
            "commands/inbound_topic.py",
        ),
        (
            "tests/commands/test_read_model.py",
            "tests/commands/test_inbound_topic.py",
            "tests/commands/test_staff.py",
            "tests/commands/test_away.py",
            "tests/commands/test_group.py",
            "tests/commands/test_target.py",
            "tests/commands/test_policy.py",
            "tests/commands/test_agent_book.py",
            "tests/commands/customer/test_risk.py",
            "tests/commands/order/test_names.py",
            "tests/commands/lead",
        ),
    ),
    Area(
        "figures",
        (
            "domain/likeness.py",
            "domain/called.py",
            "domain/campaign.py",
            "commands/campaign.py",
            "commands/currencies.py",
            "domain/currency.py",
            "domain/revenue.py",
            "domain/month.py",
            "domain/key_account_policy.py",
            "commands/key_account_policy.py",
            "domain/churn_model.py",
            "commands/churn_model.py",
        ),
        (
            "tests/domain/test_likeness.py",
            "tests/domain/test_revenue.py",
            "tests/commands/test_campaign.py",
            "tests/commands/test_currencies.py",
            "tests/commands/test_key_account_policy.py",
            "tests/commands/test_churn_model.py",
            "tests/commands/lead/test_doubting.py",
            "tests/projections/test_revenue.py",
            "tests/projections/test_key_accounts.py",
            "tests/projections/test_lead_likeness.py",
        ),
    ),
    Area(
        "deciding",
        (
            "domain/access.py",
            "domain/signature.py",
            "commands/decider.py",
            "commands/deciding.py",
            "commands/execute.py",
            "commands/permission.py",
            "commands/states.py",
            "commands/foresight.py",
            "commands/rehearsal.py",
            "domain/actor.py",
            "domain/errors.py",
        ),
        (
            "tests/domain/test_access.py",
            "tests/commands/test_execute.py",
            "tests/commands/test_batches.py",
            "tests/commands/test_foresight.py",
            "tests/commands/test_rehearsal.py",
            "tests/commands/test_races.py",
            "tests/commands/test_every_state.py",
            "tests/commands/lead",
        ),
    ),
)


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("program", type=Path)
    wanted.add_argument("--seed", type=int, default=1)
    wanted.add_argument("--sample", type=int, default=20, help="changes in each area")
    wanted.add_argument("--only", nargs="*", default=[area.name for area in AREAS])
    asked = wanted.parse_args()
    if subprocess.run(["git", "diff", "--quiet"], cwd=ROOT, check=False).returncode:
        sys.exit("there are changes that are not committed: run this in a clean clone")
    BUILD.mkdir(parents=True, exist_ok=True)
    noticed = tried = 0
    for area in AREAS:
        if area.name in asked.only:
            killed, survived = attempt(area, asked.program, Random(f"{asked.seed}/{area.name}"), asked.sample)
            noticed, tried = noticed + killed, tried + killed + len(survived)
            print(f"{area.name}: {killed} of {killed + len(survived)} noticed", flush=True)
            for each in survived:
                print(f"\n{each}\n", flush=True)
    print(f"{noticed} of {tried} noticed: {100 * noticed // max(tried, 1)} %")


def attempt(area: Area, program: Path, chance: Random, sample: int) -> tuple[int, list[str]]:
    """How many changes of a sample were noticed, and those that were not, as differences."""
    config, session = BUILD / f"{area.name}.toml", BUILD / f"{area.name}.sqlite"
    session.unlink(missing_ok=True)
    config.write_text(configuration(area))
    run(program, "init", config, session)
    with sqlite3.connect(session) as database:
        choose(database, chance, sample)
    run(program, "exec", config, session)
    with sqlite3.connect(session) as database:
        killed = database.execute("SELECT count(*) FROM work_results WHERE test_outcome = 'KILLED'").fetchone()[0]
        rows = database.execute("SELECT diff FROM work_results WHERE test_outcome = 'SURVIVED'").fetchall()
    return killed, [diff for (diff,) in rows]


def choose(database: sqlite3.Connection, chance: Random, sample: int) -> None:
    """Leave a sample of the changes, and forget the others."""
    rows = database.execute(
        "SELECT job_id, operator_name FROM mutation_specs"
        " ORDER BY module_path, start_pos_row, start_pos_col, operator_name, occurrence"
    ).fetchall()
    kept = [job for job, operator in rows if not operator.startswith(LEFT_OUT)]
    chosen = set(chance.sample(kept, min(sample, len(kept))))
    for job, _ in rows:
        if job not in chosen:
            database.execute("DELETE FROM mutation_specs WHERE job_id = ?", [job])
            database.execute("DELETE FROM work_items WHERE job_id = ?", [job])


def configuration(area: Area) -> str:
    modules = ", ".join(f'"{path.relative_to(ROOT)}"' for path in files(area))
    chosen = "not slow and not faults and not real and not deep"
    specs = " ".join((*area.specs, *ALWAYS))
    command = f"{sys.executable} -m pytest -x -q --no-header -p no:cacheprovider -m '{chosen}' {specs}"
    return f"""[cosmic-ray]
module-path = [{modules}]
timeout = {SECONDS}
excluded-modules = []
test-command = "{command}"

[cosmic-ray.distributor]
name = "local"
"""


def files(area: Area) -> Iterator[Path]:
    for name in area.modules:
        path = ROOT / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def run(program: Path, *words: object) -> None:
    subprocess.run([str(program), *map(str, words)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
