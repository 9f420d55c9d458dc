"""The inbox: conversations to answer, as a list and each by itself."""
