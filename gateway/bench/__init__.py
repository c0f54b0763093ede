"""A whole office on twins in virtual time: stories, the prompt, replay; what tests use."""
