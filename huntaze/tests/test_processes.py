from concurrent.futures import ThreadPoolExecutor

from huntaze.embedded.parts import http_ok
from huntaze.tests.client import ApiClient
from huntaze.tests.processes import eventually


def test_stack_survives_a_killed_worker_and_a_killed_valkey(start_stack):
    stack = start_stack("web", "worker", "beat", LEASE_SECONDS="3")
    stack.kill("worker")
    stack.kill("valkey")
    stack.restart("valkey")
    stack.restart("worker")
    client = ApiClient(stack.url).sign_up()
    generation_id = client.generate()
    eventually(lambda: client.generation(generation_id)["status"] == "succeeded")
    assert http_ok(f"{stack.url}/readyz")


def test_paused_valkey_makes_the_stack_unready_until_it_goes_on(start_stack):
    stack = start_stack("web")
    stack.pause("valkey")
    ready = http_ok(f"{stack.url}/readyz")
    stack.resume("valkey")
    assert (ready, eventually(lambda: http_ok(f"{stack.url}/readyz"))) == (False, True)


def test_stack_with_a_postgres_of_its_own_survives_its_kill(start_stack):
    stack = start_stack("web", own_postgres=True)
    stack.kill("postgres")
    stack.restart("postgres")
    assert eventually(lambda: http_ok(f"{stack.url}/readyz"))


def test_web_server_answers_parallel_requests_on_connections_of_their_own(start_stack):
    client = ApiClient(start_stack("web").url).sign_up()
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _request: client.call("GET", "/api/v1/users/me").status, range(200)))
    assert answers == [200] * 200


def test_simulator_runs_in_its_own_process(start_simulator):
    simulator = start_simulator("ai.simulators")
    assert simulator.part.running()
