"""Neural network parts whose parameters, inputs and outputs are annotated in the JAX graph."""
