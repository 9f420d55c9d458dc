"""What ex-post control computes: how many acts, which ones, and what they say of all. Pure."""
