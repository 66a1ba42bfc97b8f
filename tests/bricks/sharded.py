"""What `test_graph_sharding.py` runs in a process with two devices; prints one JSON object."""

import json

import jax
import jax.numpy as jnp
import numpy as np
from _small_brick import SmallBrick, by_key, values_of
from jax import lax
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from bricks.graph import ComputationGraph, annotate, random_key
from bricks.roles import OUTPUT

X = np.arange(12, dtype=np.float32).reshape(4, 3)
MESH = Mesh(jax.devices(), ("data",))


def as_list(array):
    return np.asarray(array).tolist()


def run():
    brick = SmallBrick("/linear")
    W = np.asarray(brick.W.value)

    def part(x):
        y = annotate(brick.apply(x), OUTPUT, "part")
        return lax.psum(jnp.sum(y, axis=0), "data")

    mapped = jax.shard_map(part, mesh=MESH, in_specs=P("data"), out_specs=P())
    graph = ComputationGraph(lambda x: {"y": mapped(x)}, {"x": X})
    variable = by_key(graph)["part"]

    def mask(value):
        return value * jax.random.bernoulli(random_key(), 0.5, value.shape)

    identity = graph.replace({variable: lambda value: value})
    masked = graph.replace({by_key(graph)["part"]: mask}, kind="dropout")
    ones = masked.replace({by_key(graph)["/linear.apply:output"]: jnp.ones_like})
    captured = ones.capture([variable])({"x": X}, key=jax.random.key(1))

    def cost(values):
        return jnp.sum(identity.function(values, {"x": X})[0]["y"])

    explicit = jax.make_mesh((2,), ("data",), axis_types=(AxisType.Explicit,))
    sharding = NamedSharding(explicit, P("data", None))
    with jax.sharding.set_mesh(explicit) if hasattr(jax.sharding, "set_mesh") else explicit:
        placed = jax.device_put(X, sharding)
        tagged = jax.jit(
            lambda x: ComputationGraph(
                lambda x: {"x": annotate(x, OUTPUT, "t")}, {"x": X}
            ).function({}, {"x": x})[0]["x"]
        )(placed)

    return {
        "devices": len(jax.devices()),
        "shape on a device": list(variable.shape),
        "output": as_list(graph({"x": X})["y"]),
        "expected output": as_list((X @ W).sum(axis=0)),
        "identity": as_list(identity({"x": X})["y"]),
        "capture": as_list(graph.capture([variable])({"x": X})["part"]),
        "expected capture": as_list((X @ W).reshape(2, 2, 3)),
        "gradient": as_list(jax.grad(cost)(values_of(graph))["/linear.W"]),
        "expected gradient": as_list(np.repeat(X.sum(axis=0)[:, None], 3, axis=1)),
        "masks": as_list(captured["part"]),
        "output of masks": as_list(captured["y"]),
        "sharding": str(tagged.sharding.spec),
    }


if __name__ == "__main__":
    print(json.dumps(run()))
