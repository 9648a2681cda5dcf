"""The whole house for tests, benches and the demo: the real worker on fake cameras, watched from outside."""
