"""Real processes for tests and benchmarks: databases, the whole of Baton, a customer's phone, an agent."""
