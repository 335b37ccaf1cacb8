"""The parts of tests/autobahn/run."""
