"""What is owed to people by a moment: made, then kept, broken or released, with who and when."""
