"""The runner of the tests of interoperability, behind tests/interop/run."""
