"""For all tests: a property is no faster on a busy machine, so hypothesis sets no deadline for one example."""

from hypothesis import HealthCheck, settings

settings.register_profile("zegel", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("zegel")
