"""What every test shares: Hypothesis profiles. Fixtures live beside the tests that use them."""

import os

from hypothesis import HealthCheck, settings

# No wall-clock deadline: two noisy cores make one meaningless, and virtual time needs none.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=25, **_COMMON)
settings.register_profile("full", max_examples=200, print_blob=True, **_COMMON)
settings.load_profile(os.environ.get("CITYLINE_PROFILE", "full"))
