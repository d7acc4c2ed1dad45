"""Honest patient stratification for combined TMS and ketamine."""
