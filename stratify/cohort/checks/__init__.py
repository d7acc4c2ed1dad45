"""What each check of a whole cohort looks for, one idea a file."""
