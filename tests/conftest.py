"""What all tests share: Hypothesis without deadlines, since machines are shared and a slow one is no bug."""

from hypothesis import settings

settings.register_profile("judge", deadline=None)
settings.load_profile("judge")
