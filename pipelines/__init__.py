"""The order of calls: one file a command, and the study file they all read."""
