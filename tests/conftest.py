"""What holds for all tests."""

from hypothesis import settings

# How long one example takes says more about what else the machine does than about the code. Everything else
# is Hypothesis' own choice: on CI the same examples each time, elsewhere new ones.
settings.register_profile("vigilar", settings.default, deadline=None)
settings.load_profile("vigilar")
