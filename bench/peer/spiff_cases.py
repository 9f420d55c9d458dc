"""SpiffWorkflow's side of bench/cases.py, in an environment of its own: `python spiff_cases.py COUNT`.

A process of five user tasks and one exclusive gateway; each case is loaded from PostgreSQL, run and saved as JSON at
every step, as its manual says. Prints the cases done and the processor seconds of this process.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from pathlib import Path

import psycopg
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.util.task import TaskState
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

FLOWS = [
    ("start", "a", ""),
    ("a", "g", ""),
    ("g", "b", "amount &gt; 10"),
    ("g", "c", ""),
    ("b", "d", ""),
    ("c", "d", ""),
    ("d", "e", ""),
    ("e", "f", ""),
    ("f", "end", ""),
]


def bpmn() -> str:
    flows = "".join(
        f'<bpmn:sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}">'
        + (f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else "")
        + "</bpmn:sequenceFlow>"
        for n, (a, b, condition) in enumerate(FLOWS)
    )
    tasks = "".join(f'<bpmn:userTask id="{key}" name="{key}"/>' for key in "abcdef")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="toy">'
        f'<bpmn:process id="toy" isExecutable="true"><bpmn:startEvent id="start"/>{tasks}'
        f'<bpmn:exclusiveGateway id="g" default="f3"/><bpmn:endEvent id="end"/>{flows}'
        "</bpmn:process></bpmn:definitions>"
    )


def parsed() -> tuple:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "toy.bpmn"
        path.write_text(bpmn())
        parser = BpmnParser()
        parser.add_bpmn_file(str(path))
        return parser.get_spec("toy"), parser.get_subprocess_specs("toy")


def ready(workflow: BpmnWorkflow) -> list:
    """The user tasks that may be done now."""
    workflow.do_engine_steps()
    return workflow.get_tasks(state=TaskState.READY, manual=True)


def main(count: int) -> None:
    spec, subprocesses = parsed()
    serializer = BpmnWorkflowSerializer()
    with psycopg.connect() as connection:
        connection.execute("create table if not exists cases (id bigserial primary key, body text not null)")
        connection.commit()

        def save(pk: int, workflow: BpmnWorkflow) -> None:
            body = serializer.serialize_json(workflow)
            connection.execute("update cases set body = %s where id = %s", [body, pk])
            connection.commit()

        def one() -> None:
            workflow = BpmnWorkflow(spec, subprocesses)
            ready(workflow)
            body = serializer.serialize_json(workflow)
            pk = connection.execute("insert into cases (body) values (%s) returning id", [body]).fetchone()[0]
            connection.commit()
            steps = 0
            while True:
                stored = connection.execute("select body from cases where id = %s for update", [pk]).fetchone()[0]
                workflow = serializer.deserialize_json(stored)
                waiting = ready(workflow)
                if not waiting:
                    connection.commit()
                    break
                waiting[0].data["amount"] = 50
                waiting[0].run()
                workflow.do_engine_steps()
                save(pk, workflow)
                steps += 1
                if workflow.is_completed():
                    break
            assert steps == 5, steps

        for _warm in range(5):
            one()
        before = resource.getrusage(resource.RUSAGE_SELF)
        print("ready", flush=True)
        sys.stdin.readline()
        for _case in range(count):
            one()
        after = resource.getrusage(resource.RUSAGE_SELF)
        spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        bytes_each = connection.execute("select avg(octet_length(body))::int from cases").fetchone()[0]
    print(json.dumps({"cases": count, "cpu_s": spent, "bytes": bytes_each}), flush=True)


main(int(sys.argv[1]))
