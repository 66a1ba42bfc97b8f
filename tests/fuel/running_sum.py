"""A transformer that keeps a number, for tests; workers can import it."""

from fuel.transformers import Transformer


class RunningSum(Transformer):
    """A user's transformer, which adds to each batch's numbers the sum of all numbers before."""

    stateless = False

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)
        self.total = 0

    def transform_batch(self, batch):
        images, numbers = batch
        before, self.total = self.total, self.total + int(numbers.sum())
        return images, numbers + before

    def own_state(self):
        return {"total": self.total}

    def load_own_state(self, state):
        self.total = state["total"]
