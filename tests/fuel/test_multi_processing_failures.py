import contextlib
import gc
import os
import random
import signal
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import streams_for_workers as streams
from patience import eventually

from fuel.transformers import Mapping, MultiProcessing, WorkerError

HERE = Path(__file__).parent


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def targets_of(stream):
    return [batch[1].tolist() for batch in stream.get_epoch_iterator()]


def pids_of(stream):
    return [worker["pid"] for worker in stream.statistics()]


@pytest.mark.parametrize(("chain", "workers"), [("scaled", 1), ("scaled", 3), ("running_sums", 1)])
def test_a_worker_killed_at_any_moment_changes_nothing(chain, workers, caplog):
    make = getattr(streams, chain)
    plain = make()
    expected = [batch for _ in range(4) for batch in targets_of(plain)]
    rng = random.Random(workers)
    items = []

    with MultiProcessing(make(), workers=workers) as stream:
        for _ in range(4):
            for batch in stream.get_epoch_iterator():
                items.append(batch[1].tolist())
                if rng.random() < 0.2:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(rng.choice(pids_of(stream)), signal.SIGKILL)

    assert items == expected


@pytest.mark.parametrize("whole", [False, True])
def test_a_worker_that_dies_over_an_item_once_costs_nothing(tmp_path, whole):
    with MultiProcessing(streams.acting("die", 10, tmp_path, whole=whole)) as stream:
        items = targets_of(stream)

    assert (tmp_path / "done").exists()
    assert items == targets_of(streams.acting("die", None, tmp_path, whole=whole))


def test_an_item_over_which_workers_always_die_is_an_error_that_names_it():
    with MultiProcessing(streams.acting("die", 10), workers=2) as stream:
        epoch = stream.get_epoch_iterator()
        before = [next(epoch)[1].tolist() for _ in range(2)]
        with pytest.raises(WorkerError, match=r"3 worker .* step 2 of epoch 0.*SIGKILL"):
            next(epoch)
        after = [batch[1].tolist() for batch in epoch]

    assert before + after == [list(range(i, min(i + 4, 23))) for i in (0, 4, 12, 16, 20)]


def test_a_worker_that_takes_too_long_is_replaced(tmp_path):
    with MultiProcessing(streams.acting("hang", 10, tmp_path), timeout=1.0) as stream:
        items = targets_of(stream)

    assert np.concatenate(items).tolist() == list(range(23))


@pytest.mark.parametrize("whole", [False, True])
def test_an_interrupt_while_an_item_is_awaited_loses_nothing(tmp_path, whole):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    items = []
    with MultiProcessing(streams.acting("hang", 10, tmp_path, whole=whole)) as stream:
        epoch = stream.get_epoch_iterator()
        items += [next(epoch)[1].tolist() for _ in range(2)]
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            next(epoch)
        items += [batch[1].tolist() for batch in epoch]
    signal.signal(signal.SIGALRM, before)

    assert items == targets_of(streams.acting("hang", None, tmp_path, whole=whole))


def test_a_worker_that_always_takes_too_long_is_an_error_that_says_so():
    with (
        MultiProcessing(streams.acting("hang", 1), timeout=0.2) as stream,
        pytest.raises(WorkerError, match=r"took longer than timeout=0.2"),
    ):
        next(stream.get_epoch_iterator())


@pytest.mark.parametrize("whole", [False, True])
def test_an_exception_in_a_worker_names_transformer_and_request_and_has_its_traceback(whole):
    with MultiProcessing(streams.acting("fail", 10, whole=whole)) as stream:
        epoch = stream.get_epoch_iterator()
        next(epoch), next(epoch)
        with pytest.raises(WorkerError) as error:
            next(epoch)
        pids = pids_of(stream)
        rest = sum(1 for _ in epoch)

        assert pids_of(stream) == pids
    message = str(error.value)
    said, _, trace = message.partition("\n")
    assert said.startswith("Mapping, sources 'features', 'targets', failed in a worker process, on")
    assert "on step 2 of epoch 0, request " in said
    assert said.endswith("ValueError: the seventh seal is broken")
    assert "in fail" in trace
    assert rest == 3


def test_an_exception_is_delivered_once_even_if_the_worker_dies_after_it(tmp_path):
    def make():
        failing = streams.acting("fail", 10)
        return streams.RunningSum(Mapping(failing, partial(streams.act, "die", 14, tmp_path)))

    (tmp_path / "done").touch()
    plain = make().get_epoch_iterator()
    next(plain), next(plain)
    with pytest.raises(ValueError, match="seventh seal"):
        next(plain)
    expected = [batch[1].tolist() for batch in plain]
    (tmp_path / "done").unlink()

    with MultiProcessing(make()) as stream:
        epoch = stream.get_epoch_iterator()
        next(epoch), next(epoch)
        with pytest.raises(WorkerError, match="seventh seal"):
            next(epoch)
        rest = [batch[1].tolist() for batch in epoch]

    assert (tmp_path / "done").exists()
    assert rest == expected


def test_an_exception_in_a_sourcewise_transformer_names_the_source():
    chain = streams.FailsOnSource(streams.root(seed=1))
    with (
        MultiProcessing(chain) as stream,
        pytest.raises(WorkerError, match=r"FailsOnSource, source 'targets', failed"),
    ):
        next(stream.get_epoch_iterator())


@pytest.mark.parametrize("whole", [False, True])
def test_a_transformer_that_exits_is_an_error_like_any_other(whole):
    with MultiProcessing(streams.acting("exit", 10, whole=whole)) as stream:
        epoch = stream.get_epoch_iterator()
        next(epoch), next(epoch)
        with pytest.raises(WorkerError, match=r"Mapping, .* step 2 .*: SystemExit: 3"):
            next(epoch)

        assert sum(1 for _ in epoch) == 3


def test_an_error_is_told_also_if_the_transformer_cannot_name_its_sources():
    with (
        MultiProcessing(streams.Sourceless(streams.root(seed=1)), workers=1) as stream,
        pytest.raises(WorkerError, match="Sourceless failed in a worker process, .* seventh seal"),
    ):
        next(stream.get_epoch_iterator())


def test_a_local_variable_is_not_taken_for_a_source():
    chain = Mapping(streams.root(seed=1), streams.fail_with_a_name)
    with (
        MultiProcessing(chain) as stream,
        pytest.raises(WorkerError, match=r"Mapping, sources 'features', 'targets', failed"),
    ):
        next(stream.get_epoch_iterator())


def test_an_item_that_cannot_travel_is_an_error_that_names_its_type():
    with (
        MultiProcessing(Mapping(streams.root(seed=1), streams.unsendable)) as stream,
        pytest.raises(WorkerError, match="tuple_iterator cannot travel"),
    ):
        next(stream.get_epoch_iterator())


def test_a_masked_array_is_refused_rather_than_robbed_of_its_mask():
    with (
        MultiProcessing(Mapping(streams.root(seed=1), streams.masked), workers=1) as stream,
        pytest.raises(WorkerError, match="a MaskedArray would arrive as a plain array"),
    ):
        next(stream.get_epoch_iterator())


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize(("epoch", "at_once"), [(0, False), (1, False), (1, True)])
def test_a_scheme_that_fails_is_heard_of_when_all_items_before_have_come(workers, epoch, at_once):
    dataset = streams.root().dataset
    examples = streams.DataStream(dataset, iteration_scheme=streams.Failing(epoch, at_once=at_once))
    items = []

    def run(stream):
        for _ in range(2):
            for batch in stream.get_epoch_iterator():
                items.append(batch[1][0])

    with (
        MultiProcessing(examples, workers=workers) as stream,
        pytest.raises(ValueError, match="seventh seal"),
    ):
        run(stream)

    firsts = list(range(0, 23, 4))
    assert items == firsts * epoch + ([] if at_once else firsts[:2])


def test_a_worker_ended_by_a_signal_without_a_name_is_replaced():
    with MultiProcessing(streams.scaled()) as stream:
        epoch = stream.get_epoch_iterator()
        items = [next(epoch)[1].tolist()]
        os.kill(pids_of(stream)[0], signal.SIGRTMIN + 6)
        items += [batch[1].tolist() for batch in epoch]

    assert items == targets_of(streams.scaled())


def test_a_lambda_is_an_error_that_names_the_transformer_and_the_cure():
    stream = MultiProcessing(Mapping(streams.root(seed=1), lambda batch: batch), workers=1)

    with pytest.raises(TypeError, match=r"Mapping\.mapping.*lambda.*top level of a module"):
        next(stream.get_epoch_iterator())


def test_a_function_inside_a_function_is_an_error_that_names_the_transformer():
    def local(batch):
        return batch

    stream = MultiProcessing(Mapping(streams.root(seed=1), local), workers=1)

    with pytest.raises(TypeError, match=r"Mapping\.mapping.*inside a function"):
        next(stream.get_epoch_iterator())


def test_workers_import_what_the_stream_is_made_of_and_no_more():
    with MultiProcessing(Mapping(streams.root(seed=1), streams.modules)) as stream:
        imported = next(stream.get_epoch_iterator())[1].tolist()

    jax, torch, bricks, mainloop, matplotlib, requests, fuel, h5py, zmq = imported
    assert (jax, torch, bricks, mainloop, matplotlib, requests) == (False,) * 6
    assert (fuel, h5py, zmq) == (True,) * 3


def open_descriptors():
    return {
        os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_open(fd)
    }


def _is_open(fd):
    return os.path.lexists(f"/proc/self/fd/{fd}")


def segments_in_memory():
    """Named shared memory; what Python's multiprocessing makes in other programs does not count."""
    return {name for name in os.listdir("/dev/shm") if not name.startswith(("sem.mp-", "psm_"))}


def test_closing_leaves_no_process_descriptor_or_thread():
    before, segments = open_descriptors(), segments_in_memory()
    stream = MultiProcessing(streams.scaled(), workers=2)
    next(stream.get_epoch_iterator())
    pids = pids_of(stream)

    stream.close()

    assert len(pids) == 2
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    assert eventually(lambda: open_descriptors() <= before)
    assert segments_in_memory() <= segments


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("chain", ["scaled", "running_sums"])
def test_a_stream_closed_amid_an_epoch_goes_on_with_it_or_begins_the_next(chain, workers):
    plain = getattr(streams, chain)()
    expected = [targets_of(plain), targets_of(plain)]
    stream = MultiProcessing(getattr(streams, chain)(), workers=workers)
    epoch = stream.get_epoch_iterator()
    items = [next(epoch)[1].tolist()]

    stream.close()
    items += [batch[1].tolist() for batch in epoch]
    second = stream.get_epoch_iterator()
    again = [next(second)[1].tolist(), next(second)[1].tolist()]
    stream.close()
    place = stream.state_dict()
    third = targets_of(stream)
    stream.close()

    assert items == expected[0]
    assert again == expected[1][:2]
    plain = getattr(streams, chain)()
    targets_of(plain)
    abandoned = plain.get_epoch_iterator()
    next(abandoned), next(abandoned)
    np.testing.assert_equal(place, plain.state_dict())
    assert third == targets_of(plain)


def test_garbage_collection_of_the_stream_ends_its_workers():
    stream = MultiProcessing(streams.scaled())
    next(stream.get_epoch_iterator())
    (pid,) = pids_of(stream)

    del stream
    gc.collect()

    assert eventually(lambda: not is_running(pid))


def run_script(tmp_path, body, *arguments):
    """Start a script that uses the streams of these tests."""
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(body))
    return subprocess.Popen(
        [sys.executable, str(path), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        start_new_session=True,
    )


FOREVER = """
    import streams_for_workers as streams
    from fuel.transformers import MultiProcessing

    stream = MultiProcessing(streams.{chain}(), workers=2)
    next(stream.get_epoch_iterator())
    print(*[worker["pid"] for worker in stream.statistics()], flush=True)
    for epoch in stream.iterate_epochs():
        for item in epoch:
            pass
"""


@pytest.mark.parametrize("chain", ["scaled", "running_sums"])
def test_a_killed_trainer_leaves_no_process_and_no_memory(tmp_path, chain):
    segments = segments_in_memory()
    trainer = run_script(tmp_path, FOREVER.format(chain=chain))
    pids = [int(pid) for pid in trainer.stdout.readline().split()]
    assert pids
    assert all(map(is_running, pids))

    trainer.kill()
    trainer.communicate()

    assert eventually(lambda: not any(map(is_running, pids)))
    assert segments_in_memory() <= segments


def test_an_interrupted_trainer_ends_its_workers(tmp_path):
    trainer = run_script(tmp_path, FOREVER.format(chain="scaled"))
    pids = [int(pid) for pid in trainer.stdout.readline().split()]

    os.killpg(trainer.pid, signal.SIGINT)
    _, errors = trainer.communicate()

    assert trainer.returncode != 0
    assert errors.strip().endswith("KeyboardInterrupt")
    assert errors.count("Traceback") == 1
    assert eventually(lambda: not any(map(is_running, pids)))


def test_an_interrupt_does_not_reach_the_workers():
    with MultiProcessing(streams.scaled()) as stream:
        epoch = stream.get_epoch_iterator()
        first = next(epoch)[1].tolist()
        before = pids_of(stream)
        os.kill(before[0], signal.SIGINT)
        rest = [batch[1].tolist() for batch in epoch]

        assert pids_of(stream) == before
    assert [first, *rest] == targets_of(streams.scaled())


FORK = """
    import gc, os
    import streams_for_workers as streams
    from fuel.transformers import MultiProcessing

    with MultiProcessing(streams.{chain}(), workers=1) as stream:
        epoch = stream.get_epoch_iterator()
        held = next(epoch)
        first = [part.copy() for part in held]
        fork = os.fork()
        if not fork:
            print([batch[1].tolist() for batch in epoch], flush=True)
            stream.close()
            del held, epoch, stream
            gc.collect()
            os._exit(0)
        os.waitpid(fork, 0)
        print([batch[1].tolist() for batch in epoch])
        for _ in range(5):
            for _ in stream.get_epoch_iterator():
                pass
        print(all((part == copy).all() for part, copy in zip(held, first)))
"""


@pytest.mark.parametrize("chain", ["scaled", "running_sums"])
def test_a_fork_of_the_trainer_goes_on_by_itself_and_disturbs_nothing(tmp_path, chain):
    output, errors = run_script(tmp_path, FORK.format(chain=chain)).communicate(timeout=60)

    in_fork, in_parent, is_intact = output.splitlines()
    assert in_fork == in_parent == str(targets_of(getattr(streams, chain)())[1:])
    assert is_intact == "True"
    assert errors == ""


def test_a_script_whose_own_functions_are_used_needs_its_work_guarded(tmp_path):
    body = """
        import streams_for_workers as streams
        from fuel.transformers import Mapping, MultiProcessing

        def double(batch):
            return batch[0], 2 * batch[1]

        if __name__ == "__main__":
            with MultiProcessing(Mapping(streams.root(seed=1), double)) as stream:
                print(sum(int(batch[1].sum()) for batch in stream.get_epoch_iterator()))
    """
    output, errors = run_script(tmp_path, body).communicate()

    assert output.split() == [str(23 * 22)], errors

    unguarded = body.replace('if __name__ == "__main__"', "if True")
    output, errors = run_script(tmp_path, unguarded).communicate()

    assert output == ""
    assert 'under `if __name__ == "__main__":`' in errors


def test_a_thread_that_ends_does_not_take_the_workers_along(tmp_path):
    body = """
        import threading
        import streams_for_workers as streams
        from fuel.transformers import MultiProcessing

        stream = MultiProcessing(streams.scaled())
        epoch = stream.get_epoch_iterator()
        starter = threading.Thread(target=next, args=(epoch,))
        starter.start()
        starter.join()
        pids = [worker["pid"] for worker in stream.statistics()]
        rest = sum(1 for _ in epoch)
        print(rest, pids == [worker["pid"] for worker in stream.statistics()])
        stream.close()
    """
    output, errors = run_script(tmp_path, body).communicate()

    assert output.split() == ["5", "True"]
    assert errors == ""


TRAIN = """
    import numpy as np
    from fuel.datasets import IndexableDataset
    from fuel.schemes import SequentialScheme
    from fuel.streams import DataStream
    from fuel.transformers import Mapping, MultiProcessing
    from .functions import double

    def mapping(batch):
        return (double(batch[0]),)

    if __name__ == "__main__":
        examples = DataStream(
            IndexableDataset(np.arange(4)), iteration_scheme=SequentialScheme(4, 4)
        )
        with MultiProcessing(Mapping(examples, mapping)) as stream:
            print([batch[0].tolist() for batch in stream.get_epoch_iterator()])
"""


def test_a_module_of_a_package_may_be_run_and_use_its_own_functions(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "functions.py").write_text("def double(array):\n    return 2 * array\n")
    (package / "train.py").write_text(textwrap.dedent(TRAIN))

    done = subprocess.run(
        [sys.executable, "-m", "package.train"], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.stdout == "[[0, 2, 4, 6]]\n", done.stderr


def test_functions_of_a_program_that_is_no_file_are_refused_with_the_cure():
    program = textwrap.dedent(TRAIN).replace("mapping))", "mapping), workers=1)")
    program = program.replace("from .functions import double", "double = np.negative")

    done = subprocess.run([sys.executable, "-"], input=program, capture_output=True, text=True)

    assert done.returncode == 1
    assert "defined in a program that is not a file" in done.stderr
    assert "define it in a module and import it from there" in done.stderr
