"""The runner of tests/adoption/run."""
