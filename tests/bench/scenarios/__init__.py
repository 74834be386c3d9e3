"""The experiments, one idea a file. Each offers `async def measure(bench)`, which returns what it saw."""
