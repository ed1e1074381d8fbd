"""The words of the audit: claims, observations, verdicts. Standard library only."""
